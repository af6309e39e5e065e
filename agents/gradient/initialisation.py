"""Learners of an initialisation: parameters from which a few gradient steps adapt to any draw.

The common part of MAML, first-order MAML and Reptile, which differ in their outer loops. Parameters
adapted in a trial are discarded at its end. A transfer copies the initialisation, and the step
sizes where they are learned.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import torch

from ..parts.hyperparameters import Range, Tunable
from ..parts.lifetimes import Control
from ..parts.network_weights import cloned_weights, network_weights
from ..parts.pairs import Adapting
from ..parts.scoring import Outcomes, draw_seeds
from ..ppo.raw_policy import is_ppo, raw_policy
from ..rollouts.episode_batches import Batch, EpisodeBatches, by_trial
from ..rollouts.level_trials import LevelTrials, TrialStudent
from . import inner
from .gradient_trial import GradientTrialPolicy
from .policy_gradient import FeedforwardPolicy
from .regressor import Regressor

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

    from .maml_config import AdaptingConfig

RATE = "rate_"  # prefix of a parameter's learned step size
# hyperparameters that may be explored; outer loops add their own
RANGES = {"inner_lr": Range(3e-3, 10.0)}


class Initialisation(Tunable, Adapting, TrialStudent):
    """Learner (poet.interfaces): from labels in families that have them, else policy gradient."""

    config: AdaptingConfig
    learns_after: ClassVar[bool] = True  # from the episodes after the inner steps

    def __init__(self, family: TaskFamily, config: AdaptingConfig) -> None:
        self.family, self.config, spec, c = family, config, family.spec, config
        supervised = getattr(spec, "labels", 0) > 0
        if not supervised and c.trajectories < 2:
            raise ValueError(
                f"trajectories must be at least 2: the baseline is their mean, got {c.trajectories}"
            )
        self.model: Regressor | FeedforwardPolicy
        if supervised:
            self.model = Regressor.of(spec, c.hidden)
        else:
            self.model = FeedforwardPolicy.of(
                spec, c.hidden, gamma=c.gamma, action_std=c.action_std, std_floor=c.std_floor
            )

    @abstractmethod
    def outer_step(self, agent: Agent, trials: inner.AdaptedTrials) -> Agent:
        """The agent after one step of the outer loop."""

    @abstractmethod
    def fresh_agent(self, weights: dict[str, torch.Tensor]) -> Agent:
        """An agent of these weights with the initial state of optimiser and schedules."""

    def init(self, key: Key) -> Agent:
        return self.fresh_agent(self.model.init(key.generator()))

    def adopt(self, agent: Agent) -> Agent:
        """The same initialisation and step sizes; adapted parameters are never transferred."""
        weights = cloned_weights(agent)
        return {**self.fresh_agent(weights), **self.checked_hyperparameters(agent)}

    def inherit(self, agent: Agent) -> Agent:
        """A new agent with the policy of a PPO agent without memory; other agents as they are.

        Raises:
            ValueError: if the layers of the policy differ from this learner's.
        """
        if not is_ppo(agent) or isinstance(self.model, Regressor):
            return agent
        return self.fresh_agent(raw_policy(agent, self.model.network))

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """One outer step, on fresh draws."""
        tasks = [task] * self.config.draws
        trials, steps = self._adapted_trials(agent, tasks, key, play_after=self.learns_after)
        return self._outer_step(agent, trials), steps

    @property
    def rows(self) -> int:
        """`draws`. ValueError in a family with labels."""
        if isinstance(self.model, Regressor):
            raise ValueError(
                "a curriculum scores levels by the advantages of a policy, and this family is "
                "learned from labels: take a family with rewards"
            )
        return self.config.draws

    def run_levels(
        self, agent: Agent, levels: Sequence[Task], key: Key, *, update: bool
    ) -> LevelTrials:
        """A trial on each level, with one outer step or without it (TrialStudent)."""
        trials, steps = self._adapted_trials(agent, levels, key, play_after=True)
        after = self._outer_step(agent, trials) if update else agent
        advantages = trials.adapted.centred_advantages(self.config.gamma, len(levels))
        return LevelTrials(after, trials.adapted, advantages, steps)

    def _adapted_trials(
        self, agent: Agent, tasks: Sequence[Task], key: Key, *, play_after: bool
    ) -> tuple[inner.AdaptedTrials, int]:
        """A trial on a fresh draw of each task; environment steps."""
        c, n, noise = self.config, len(tasks), self._noise(key)
        episode_batches = EpisodeBatches(
            self.family, tasks, draw_seeds(key, n), c.trajectories, c.device
        )
        before, parameters = self.inner_loop(
            self.weights(agent), episode_batches, c.inner_steps, noise
        )
        after = self.play(parameters, episode_batches, noise) if play_after else None
        return inner.AdaptedTrials(before, parameters, after), episode_batches.steps

    def _outer_step(self, agent: Agent, trials: inner.AdaptedTrials) -> Agent:
        after = self.outer_step(agent, trials)
        return self.model.bounded(after) if isinstance(self.model, FeedforwardPolicy) else after

    def outcomes(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> Outcomes:
        """Episodes that each update learned from, and those after the last one, [trials, k]."""
        seeds, updates = draw_seeds(key, num_trials), self.config.test_updates
        batches, steps = self.run_trials(agent, task, seeds, key, updates, control)
        return by_trial(batches, num_trials, steps)

    def run_trials(
        self,
        agent: Agent,
        task: Task,
        seeds: Sequence[int],
        key: Key,
        updates: int,
        control: Control = "none",
    ) -> tuple[list[Batch], int]:
        """Episodes that each update learned from, then those after the last; environment steps."""
        c, weights, noise = self.config, self.weights(agent), self._noise(key)
        episode_batches = EpisodeBatches(
            self.family, [task] * len(seeds), seeds, c.trajectories, c.device
        )
        batches, adapted = self.inner_loop(
            weights, episode_batches, updates, noise, shrink=c.test_shrink, control=control
        )
        return [*batches, self.play(adapted, episode_batches, noise)], episode_batches.steps

    def inner_loop(
        self,
        weights: Mapping[str, torch.Tensor],
        episode_batches: EpisodeBatches,
        updates: int,
        noise: torch.Generator,
        *,
        shrink: float = 1.0,
        control: Control = "none",
    ) -> tuple[list[Batch], inner.Parameters]:
        """The episodes that `updates` inner steps learned from, and the adapted parameters.

        shrink: factor of the step sizes after the first update. control: see lifetimes.
        Returned parameters: [trials, ...].
        """
        parameters = initial = self.repeated(weights, episode_batches.n)
        batches: list[Batch] = []
        for update in range(updates):
            if update == 0 or not self.model.keeps_examples:
                batches.append(self.play(parameters, episode_batches, noise))
            losses = partial(self.model.losses, batch=batches[-1])
            updated = inner.step(losses, parameters, self.rates(weights, shrink if update else 1.0))
            parameters = inner.after_update(updated, initial, control)
        return batches, parameters

    def play(
        self, parameters: inner.Parameters, episode_batches: EpisodeBatches, noise: torch.Generator
    ) -> Batch:
        """The trials' next episodes under parameters [trials, ...]."""
        trials, per_trial = episode_batches.n, episode_batches.per_trial
        shape = (episode_batches.horizon, trials, per_trial, self.family.spec.action_size)
        with torch.no_grad():
            uniform = torch.rand(shape, generator=noise).to(self.config.device)
            batch = episode_batches.play(self.model.act(parameters, uniform))
        return batch.limited(self.config.reward_limit)

    def trial_policy(self, agent: Agent, n: int, key: Key) -> GradientTrialPolicy:
        """The agent in n draws that are simulated elsewhere (metaworld_protocol.TrialPolicy)."""
        policy, weights, noise = self.model, self.weights(agent), self._noise(key)
        if isinstance(policy, Regressor):
            raise ValueError(
                "trials simulated elsewhere provide rewards, not labels: expected a family "
                "without labels"
            )

        def act(
            parameters: inner.Parameters, observations: torch.Tensor, greedy: bool
        ) -> torch.Tensor:
            outputs = policy.outputs(parameters, observations[:, None])[:, 0]
            uniform = torch.rand(n, policy.actions.size, generator=noise).to(outputs.device)
            if greedy:
                return policy.actions.mode(outputs)
            return policy.actions.sample(outputs, uniform)

        def update(parameters: inner.Parameters, batch: Batch, updates: int) -> inner.Parameters:
            rates = self.rates(weights, self.config.test_shrink if updates else 1.0)
            losses = partial(policy.losses, batch=batch.limited(self.config.reward_limit))
            return inner.step(losses, parameters, rates)

        return GradientTrialPolicy(self.repeated(weights, n), act, update)

    def repeated(
        self, weights: Mapping[str, torch.Tensor], num_trials: int
    ) -> dict[str, torch.Tensor]:
        """The initialisation once for each trial, [trials, ...]."""
        return {
            name: weights[name].expand(num_trials, *weights[name].shape)
            for name in self.adapted_names(weights)
        }

    def adapted_names(self, weights: Mapping[str, torch.Tensor]) -> list[str]:
        """The names of the parameters that the inner loop changes."""
        return [name for name in weights if not name.startswith(RATE)]

    def rates(
        self, weights: Mapping[str, torch.Tensor], scale: float = 1.0
    ) -> dict[str, torch.Tensor]:
        """Each parameter's inner step size times `scale`: its learned one, else `inner_lr`."""
        default = torch.tensor(self.config.inner_lr, device=self.config.device)
        return {
            name: scale * weights.get(RATE + name, default) for name in self.adapted_names(weights)
        }

    def weights(self, agent: Agent) -> dict[str, torch.Tensor]:
        return network_weights(agent, self.config.device)

    def _noise(self, key: Key) -> torch.Generator:
        return torch.Generator().manual_seed(key.child("actions").integer())
