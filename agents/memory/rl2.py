"""RL^2: a recurrent actor-critic that learns to adapt through its hidden state, within a trial.

Duan et al. 2016, "RL^2: Fast Reinforcement Learning via Slow Reinforcement Learning" (arXiv
1611.02779). A trial is several episodes on one draw of the task. Training maximises the return of
the whole trial, so that the policy learns to explore in the first episodes. In an evaluation the
weights are frozen and the agent adapts through its hidden state alone; the score is the return of
the last episodes of the trial. Deep meta-RL (wang.py) is the same learner with other settings.
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
from ..rollouts.trials import Trials, advantages, run_trials
from .actor_critic import RecurrentActorCritic
from .ppo import PPOBatch, improve_policy
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


class RL2(RecurrentActorCritic, Adapting):
    """Learner (poet.interfaces) that adapts through a recurrent hidden state, within a trial.

    Args:
        family: the task family, with discrete or continuous actions.
        config: the settings, by default `RL2Config()`.

    Raises:
        ValueError: if a trial has fewer episodes than `test_episodes`.
    """

    def __init__(self, family: TaskFamily, config: RL2Config | None = None) -> None:
        super().__init__(family, config or RL2Config())
        c = self.config
        self.ranges = RANGES | (
            {"units": Range(min(4, c.hidden), c.hidden, whole=True)} if c.units else {}
        )
        if c.test_episodes > self.episodes:
            raise ValueError(
                f"test_episodes must be at most the {self.episodes} episodes of a trial, got "
                f"{c.test_episodes}"
            )

    def init(self, key: Key) -> Agent:
        """Random weights with outputs near zero, so that the initial policy is nearly uniform."""
        return self._fresh_agent(self._initial_weights(key.generator()))

    def adopt(self, agent: Agent) -> Agent:
        """The same weights and hyperparameters; the optimiser and all schedules are reset."""
        weights = cloned_weights(agent)
        return {**self._fresh_agent(weights), **self.checked_hyperparameters(agent)}

    def explore(self, agent: Agent, key: Key) -> Agent:
        """The agent with perturbed hyperparameters (poet.interfaces.Explorer).

        Where `units` changes, the outgoing weights of units not in use before are zero, so that
        adding units does not change the network's function; removing units may change it.
        """
        weights = self.of(agent).active(network_weights(agent))
        return super().explore({**agent, **weights}, key)

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """One PPO update on `config.trials` trials of the task; the agent, environment steps."""
        trials = self.trials(agent, task, key, self.config.trials)
        return improve_policy(
            self, agent, self._batch(trials), key.child("minibatches").generator()
        ), trials.steps

    def outcomes(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> Outcomes:
        """Returns and success of each episode, [trials, episodes] (pairs.Adapting)."""
        trials = self.trials(agent, task, key, num_trials, control=control)
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
        longest = self.episodes * self.family.spec.horizon
        noise = (
            key.child("actions")
            .generator()
            .random((longest, num_trials, self.actions.size), dtype=np.float32)
        )
        act = self._act_function(
            self._weights(agent), None if greedy else torch.from_numpy(noise).to(self.config.device)
        )
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
            )

    def trial_policy(self, agent: Agent, n: int, key: Key) -> RecurrentTrialPolicy:
        """A policy for n trials simulated by the caller (metaworld_protocol.TrialPolicy)."""
        own, noise = self.of(agent), key.child("actions").generator()
        weights = own._weights(agent)

        def act(inputs: torch.Tensor, state: State, greedy: bool) -> tuple[torch.Tensor, State]:
            drawn = torch.from_numpy(noise.random((1, n, self.actions.size), dtype=np.float32)).to(
                self.config.device
            )
            with torch.no_grad():
                action, _, state = own._act_function(weights, None if greedy else drawn)(
                    inputs, state, 0
                )
            return action, state

        spec, start = self.family.spec, self.network.start(n, self.config.device)
        return RecurrentTrialPolicy(
            spec, self.episodes * spec.horizon, start, act, twice=self.config.last_observation
        )

    def _batch(self, trials: Trials) -> PPOBatch:
        """The transitions of the trials with advantages and value targets, for PPO."""
        c, policy, values = self.config, trials.outputs[..., :-1], trials.outputs[..., -1]
        rewards = trials.rewards.float() * c.reward_scale
        gae = advantages(rewards, values, trials.alive, c.gamma, c.lam)
        log_probs = self.actions.log_prob(policy, trials.actions)
        return PPOBatch(trials.inputs, trials.actions, log_probs, gae, gae + values, trials.alive)

    def _fresh_agent(self, weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {**weights, **adam.fresh(weights), "schedule/step": torch.zeros(())}
