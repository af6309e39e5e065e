"""Proximal policy optimisation: an actor and a critic trained by gradient, without adaptation.

Schulman et al. 2017, "Proximal Policy Optimization Algorithms" (arXiv 1707.06347). The policy is
feed-forward, or recurrent within an episode. An agent's score is the mean return of fresh episodes
in which it takes its most likely actions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..parts import adam
from ..parts.actions import actions_of
from ..parts.hyperparameters import Range, Tunable
from ..parts.network_weights import cloned_weights, network_weights
from ..parts.pairs import PairByPair
from ..parts.scoring import Scored, draw_seeds, solved
from ..rollouts.trials import input_size, policy_inputs
from .collecting import Collector
from .compiled import CompiledPolicy
from .config import PPOConfig
from .greedy import GreedyPolicy, SampledPolicy, action_uniforms, play
from .levels import LevelStudent, LevelTrainer
from .network import FeedforwardNetwork, RecurrentNetwork
from .normalisation import (
    OBSERVATIONS,
    RETURNS,
    Moments,
    Normaliser,
    kept_statistics,
    new_statistics,
    scaled,
)
from .policies import LastStep, NetworkPolicy
from .rollout import Plan
from .training import Trainer
from .update import COUNT, kept_schedule

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Simulator, Task, TaskFamily
    from openpoet.poet.streams import Key

RANGES = {
    "lr": Range(1e-5, 3e-3),
    "entropy": Range(1e-5, 0.1),
    "gamma": Range(0.001, 0.1, from_one=True),
    "lam": Range(0.01, 0.5, from_one=True),
}


class PPO(Tunable, PairByPair, LevelStudent):
    """Learner (poet.interfaces) that does not adapt.

    Args:
        family: the task family, with discrete or continuous actions.
        config: the settings, by default `PPOConfig()`.

    Raises:
        ValueError: if the family has no observations and the policy no memory.
    """

    config: PPOConfig
    ranges = RANGES

    def __init__(self, family: TaskFamily, config: PPOConfig | None = None) -> None:
        self.family, self.config, spec = family, config or PPOConfig(), family.spec
        c = self.config
        if spec.observation_size == 0 and c.cell == "none":
            raise ValueError(
                "a policy without memory needs observations, and this family has none: set "
                'ppo.cell="gru", or take rl2'
            )
        self.actions = actions_of(spec.action_size, getattr(spec, "discrete", False))
        self.network = (
            FeedforwardNetwork(spec.observation_size, c.hidden, self.actions)
            if c.cell == "none"
            else RecurrentNetwork(input_size(spec), c.hidden, self.actions, c.cell, c.memory)
        )

    def init(self, key: Key) -> Agent:
        """Random weights with outputs near zero; see network.py."""
        c = self.config
        weights = self.network.init(key.generator(), c.action_std, c.policy_gain)
        return self._fresh_agent(weights, new_statistics(self.family.spec.observation_size))

    def adopt(self, agent: Agent) -> Agent:
        """The same weights, normalisers and hyperparameters; the optimiser is reset, and so are all
        schedules without `keep_schedule`.
        """
        fresh = self._fresh_agent(cloned_weights(agent), kept_statistics(agent))
        return {
            **fresh,
            **kept_schedule(self.config, agent),
            **self.checked_hyperparameters(agent),
        }

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """`rollouts` PPO updates in the task; the agent, environment steps."""
        collector = Collector(self.family, [task] * self._plan.rows, self._plan, key)
        trainer = Trainer(self.network, self.config, self.policy)
        return trainer.improved(agent, collector, key), collector.steps

    @property
    def on_levels(self) -> LevelTrainer:
        """Rollouts and updates on levels."""
        return LevelTrainer(self.family, self.network, self.config, self._plan, self.policy)

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[np.ndarray, ...]:
        """Scores, solved and environment steps, [pairs] each, on fresh draws."""
        return super().evaluate(agents, tasks, keys)[:3]

    def score_one(self, agent: Agent, task: Task, key: Key) -> Scored:
        """The mean return of `test_episodes` episodes with the actions of `test_actions`."""
        spec, c = self.family.spec, self.config
        n = 1 if spec.deterministic and c.test_actions == "mode" else c.test_episodes
        simulator = self.family.simulator([task] * n, draw_seeds(key, n), c.device)
        returns = self._returns(agent, simulator, n, key)
        if not bool(torch.isfinite(returns).all()):
            raise ValueError("the return of an episode is NaN or infinite")
        score, share = float(returns.mean()), float(simulator.success.double().mean())
        return Scored(score, bool(solved(score, share, spec.solved_score)), simulator.steps, score)

    def _returns(self, agent: Agent, simulator: Simulator, n: int, key: Key) -> torch.Tensor:
        """Returns [n] of one episode of every row, by compiled code where the simulator has it."""
        policy, sampled = self.policy(agent), self.config.test_actions == "sampled"
        if not isinstance(policy, CompiledPolicy) or not hasattr(simulator, "play"):
            how = self.sampled_policy if sampled else self.trial_policy
            return play(simulator, how(agent, n, key), n)
        moments = Moments.of(agent, OBSERVATIONS)
        normaliser = Normaliser.of(moments) if self.config.normalise_observations else None
        shape = (self.family.spec.horizon, n, self.actions.size)
        noise = policy.noise(action_uniforms(key, shape)) if sampled else None
        return torch.from_numpy(policy.play(simulator, normaliser, noise))

    def trial_policy(self, agent: Agent, n: int, key: Key) -> GreedyPolicy:
        """The policy of n rows simulated by the caller (metaworld_protocol.TrialPolicy), with its
        most likely actions.
        """
        return GreedyPolicy(self.policy(agent), self.family.spec, n)

    def sampled_policy(self, agent: Agent, n: int, key: Key) -> SampledPolicy:
        """The same with actions sampled as in training. key: the stream of their noise."""
        return SampledPolicy(self.policy(agent), self.family.spec, n, key)

    def policy(self, agent: Agent) -> NetworkPolicy | CompiledPolicy:
        """The agent's policy in rollouts."""
        c, spec = self.config, self.family.spec
        weights = network_weights(agent, c.device)
        observed = Normaliser.of(Moments.of(agent, OBSERVATIONS), c.device)
        returns = Moments.of(agent, RETURNS)

        def normalised(observations: torch.Tensor, last: LastStep) -> torch.Tensor:
            return observed(observations) if c.normalise_observations else observations

        def with_last_step(observations: torch.Tensor, last: LastStep) -> torch.Tensor:
            share = (last.ages / spec.horizon).clamp(max=1.0)
            rewards = scaled(last.rewards, returns) if c.normalise_rewards else last.rewards
            seen = normalised(observations, last)
            return policy_inputs(seen, None, last.actions, rewards, last.first, share)

        if isinstance(self.network, FeedforwardNetwork):
            kind = CompiledPolicy if c.device == "cpu" else NetworkPolicy
            return kind(self.network, weights, normalised, c.device)
        return NetworkPolicy(self.network, weights, with_last_step, c.device)

    @property
    def _plan(self) -> Plan:
        c = self.config
        chunk = 1 if c.cell == "none" else c.bptt
        return Plan(c.num_envs, c.num_steps, self.actions.size, chunk=chunk, device=c.device)

    def _fresh_agent(
        self, weights: Mapping[str, torch.Tensor], statistics: Mapping[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        return {**weights, **statistics, **adam.fresh(weights), COUNT: torch.zeros(())}
