"""RL^2: a recurrent actor-critic that learns to adapt through its hidden state, within a trial.

Duan et al. 2016, "RL^2: Fast Reinforcement Learning via Slow Reinforcement Learning" (arXiv
1611.02779). A trial is several episodes on one draw of the task. Training maximises the return of
the whole trial, so that the policy learns to explore in the first episodes. In an evaluation the
weights are frozen and the agent adapts through its hidden state alone; the score is the return of
the last episodes of the trial. Deep meta-RL (wang.py) is the same learner with other settings.
Short trials are whole rollouts. Long ones (`steps` above 0) are trained in parts: rollouts continue
from one update to the next, gradients reach back `bptt` steps, and a trial that is cut off by its
time limit, or by the rollout's end, is bootstrapped.
Differs: PPO (arXiv 1707.06347) for the outer loop, as in the authors' later launchers and all
reproductions, instead of TRPO.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..parts import adam
from ..parts.hyperparameters import Range
from ..parts.lifetimes import Control, Lifetime, State
from ..parts.network_weights import cloned_weights, network_weights
from ..parts.pairs import Adapting
from ..parts.scoring import Outcomes, draw_seeds
from ..ppo.collecting import Collector
from ..ppo.levels import LevelStudent, LevelTrainer
from ..ppo.normalisation import kept_statistics, new_statistics
from ..ppo.policies import LastStep, NetworkPolicy
from ..ppo.rollout import Plan
from ..ppo.training import Trainer
from ..ppo.update import COUNT, kept_schedule
from ..rollouts.trials import RecurrentActFunction, Trials, policy_inputs, run_trials
from .actor_critic import RecurrentActorCritic
from .recurrent_trial import RecurrentTrialPolicy
from .rl2_config import RL2Config

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

RANGES = {
    "lr": Range(1e-4, 1e-2),
    "entropy": Range(1e-4, 0.1),
    "gamma": Range(0.003, 0.5, from_one=True),
    "lam": Range(0.01, 1.0, from_one=True),
}


class RL2(RecurrentActorCritic, Adapting, LevelStudent):
    """Learner (poet.interfaces) that adapts through a recurrent hidden state, within a trial.

    Args:
        family: the task family, with discrete or continuous actions.
        config: the settings, by default those of `RL2Config.suggested`.

    Raises:
        ValueError: if a trial has fewer episodes than `test_episodes`.
    """

    def __init__(self, family: TaskFamily, config: RL2Config | None = None) -> None:
        super().__init__(family, config or RL2Config.suggested(family.spec))
        c = self.config
        self.ranges = RANGES | (
            {"units": Range(min(4, c.hidden), c.hidden, whole=True)} if c.units else {}
        )
        if c.test_episodes > self.episodes:
            raise ValueError(
                f"test_episodes must be at most the {self.episodes} episodes of a trial, got "
                f"{c.test_episodes}"
            )

    def carried(self) -> Mapping[str, Range]:
        """With the units, which an agent keeps in a run that does not explore them."""
        return {**self.ranges, "units": Range(1, self.config.hidden, whole=True)}

    def init(self, key: Key) -> Agent:
        """Random weights with outputs near zero, so that the initial policy is nearly uniform."""
        return self._fresh_agent(self._initial_weights(key.generator()))

    def adopt(self, agent: Agent) -> Agent:
        """The same weights, statistics of normalisation and hyperparameters; the optimiser is
        reset, and so are all schedules without `keep_schedule`.
        """
        fresh = self._fresh_agent(cloned_weights(agent))
        return {
            **fresh,
            **kept_statistics(agent),
            **kept_schedule(self.config, agent),
            **self.checked_hyperparameters(agent),
        }

    def explore(self, agent: Agent, key: Key) -> Agent:
        """The agent with perturbed hyperparameters (poet.interfaces.Explorer).

        Where `units` changes, the outgoing weights of units not in use before are zero, so that
        adding units does not change the network's function; removing units may change it.
        """
        weights = self.of(agent).active(network_weights(agent))
        return super().explore({**agent, **weights}, key)

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """`rollouts` PPO updates in the task; the agent, environment steps."""
        collector = Collector(self.family, [task] * self.plan.rows, self.plan, key)
        trainer = Trainer(self, self.config, self.policy)
        return trainer.improved(agent, collector, key), collector.steps

    @property
    def on_levels(self) -> LevelTrainer:
        """Rollouts and updates on levels, whose outcomes are those of whole trials."""
        return LevelTrainer(self.family, self, self.config, self.plan, self.policy)

    @property
    def test_trials(self) -> int:
        """Trials of an evaluation; one where all would be equal."""
        equal = self.family.spec.deterministic and self.config.test_actions == "mode"
        return 1 if equal else self.config.test_trials

    @property
    def plan(self) -> Plan:
        """The shape of rollouts."""
        c = self.config
        return Plan(
            c.trials,
            c.steps or self.longest,
            self.actions.size,
            episodes=self.episodes,
            whole=not c.steps,
            bootstrap=bool(c.steps),
            chunk=c.bptt if c.steps else None,
            stagger=c.stagger and bool(c.steps),
            device=c.device,
        )

    def policy(self, agent: Agent) -> NetworkPolicy:
        """The agent's policy in rollouts."""
        c, normalised = self.config, self._normaliser(agent)

        def inputs(observations: torch.Tensor, last: LastStep) -> torch.Tensor:
            before = last.observations if c.last_observation else None
            over = (last.ages / self.longest).clamp(max=1.0)
            rewards = last.rewards if c.reward_input == "step" else last.returns
            return normalised(
                policy_inputs(observations, before, last.actions, rewards, last.first, over)
            )

        return NetworkPolicy(self, self._weights(agent), inputs, c.device)

    def outcomes(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> Outcomes:
        """Returns and success of each episode, [trials, episodes] (pairs.Adapting)."""
        greedy = self.config.test_actions == "mode"
        trials = self.trials(agent, task, key, num_trials, control=control, greedy=greedy)
        returns, success = trials.returns.cpu().numpy(), trials.success.double().cpu().numpy()
        return Outcomes(returns, success, trials.steps)

    def trials(
        self,
        agent: Agent,
        task: Task,
        key: Key,
        num_trials: int,
        *,
        memory: Lifetime = "trial",
        control: Control = "none",
        greedy: bool = False,
    ) -> Trials:
        """Run trials on fresh draws of the task.

        Args:
            num_trials: number of draws, one trial each.
            memory: lifetime of the hidden state.
            control: what an episode passes on to the next (`lifetimes.next_episode`).
            greedy: take the mode of the policy instead of a sample.
        """
        simulator = self.family.simulator(
            [task] * num_trials, draw_seeds(key, num_trials), self.config.device
        )
        shape = self.longest, num_trials, self.actions.size
        noise = key.child("actions").generator().random(shape, dtype=np.float32)
        act = self._act_function(agent, None if greedy else torch.from_numpy(noise))
        start = self.network.start(num_trials, self.config.device)
        with torch.no_grad():
            return run_trials(
                simulator,
                self.family.spec,
                self.episodes,
                act,
                start,
                lifetimes=[memory] * len(start),
                control=control,
                twice=self.config.last_observation,
                reward_input=self.config.reward_input,
            )

    def _act_function(self, agent: Agent, noise: torch.Tensor | None) -> RecurrentActFunction:
        """The policy in trials. noise: uniform, [t, n, a]; none: the most likely actions."""
        weights, normalised = self._weights(agent), self._normaliser(agent)
        noise = None if noise is None else noise.to(self.config.device)

        def act(
            inputs: torch.Tensor, state: State, t: int
        ) -> tuple[torch.Tensor, torch.Tensor, State]:
            policy, values, state = self.step(weights, normalised(inputs), state)
            action = (
                self.actions.mode(policy)
                if noise is None
                else self.actions.sample(policy, noise[t])
            )
            return action, torch.cat([policy, values[..., None]], -1), state

        return act

    def trial_policy(self, agent: Agent, n: int, key: Key) -> RecurrentTrialPolicy:
        """A policy for n trials simulated by the caller (metaworld_protocol.TrialPolicy).

        Its actions are those of an evaluation (`config.test_actions`), or the most likely ones.
        """
        own, noise = self.of(agent), key.child("actions").generator()
        always = own.config.test_actions == "mode"

        def act(inputs: torch.Tensor, state: State, greedy: bool) -> tuple[torch.Tensor, State]:
            drawn = torch.from_numpy(noise.random((1, n, self.actions.size), dtype=np.float32))
            with torch.no_grad():
                action, _, state = own._act_function(agent, None if greedy or always else drawn)(
                    inputs, state, 0
                )
            return action, state

        start = self.network.start(n, self.config.device)
        return RecurrentTrialPolicy(self.family.spec, self.longest, start, act, self.config)

    def _fresh_agent(self, weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        statistics = new_statistics(self.family.spec.observation_size)
        return {**weights, **statistics, **adam.fresh(weights), COUNT: torch.zeros(())}
