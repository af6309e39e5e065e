"""Learners whose agent is where every trial begins: parameters from which a few steps of gradient
descent lead far.

What MAML, first-order MAML and Reptile share; how they learn such a beginning is their own. What a
trial learns is
gone at its end: a transfer takes the beginning, and the step sizes where those are learned.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch

from ..parts.hyperparameters import Range, Tunable
from ..parts.lifetimes import Control
from ..parts.network_weights import cloned_weights, network_weights
from ..parts.pairs import Adapting
from ..parts.scoring import Outcomes, draw_seeds
from ..rollouts.episode_batches import Batch, EpisodeBatches, by_trial
from . import inner
from .gradient_trial import GradientTrialPolicy
from .policy_gradient import Policy
from .regressor import Regressor

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

    from .maml_config import AdaptingConfig

RATE = "rate_"  # before a parameter's name: its learned step size
# what may be explored, beside what belongs to an outer loop
RANGES = {"inner_lr": Range(3e-3, 1.0)}


class Initialisation(Tunable, Adapting):
    """Learner (poet.interfaces). It learns from labels where a family has them, else by policy
    gradient.
    """

    config: AdaptingConfig

    def __init__(self, family: TaskFamily, config: AdaptingConfig) -> None:
        self.family, self.config, spec, c = family, config, family.spec, config
        supervised = getattr(spec, "labels", 0) > 0
        if not supervised and c.trajectories < 2:
            raise ValueError(
                f"trajectories must be at least 2: the baseline is their mean, got {c.trajectories}"
            )
        self.model = (
            Regressor.of(spec, c.hidden) if supervised else Policy.of(spec, c.hidden, c.gamma)
        )

    @abstractmethod
    def outer_step(
        self, agent: Agent, episode_batches: EpisodeBatches, noise: torch.Generator
    ) -> Agent:
        """The agent after one step of the outer loop, on trials that have just begun."""

    @abstractmethod
    def fresh_agent(self, weights: dict[str, torch.Tensor]) -> Agent:
        """An agent of these, its optimiser and schedules at their beginning."""

    def init(self, key: Key) -> Agent:
        return self.fresh_agent(self.model.init(key.generator()))

    def adopt(self, agent: Agent) -> Agent:
        """The same initialisation and step sizes; what a trial made of them is never carried
        over.
        """
        weights = cloned_weights(agent)
        return {**self.fresh_agent(weights), **self.checked_hyperparameters(agent)}

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """One outer step, on draws it has not met."""
        c = self.config
        episode_batches = EpisodeBatches(
            self.family, [task] * c.draws, draw_seeds(key, c.draws), c.trajectories, c.device
        )
        return self.outer_step(agent, episode_batches, self._noise(key)), episode_batches.steps

    def outcomes(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> Outcomes:
        """Episodes that updates learned from, and those after the last update, [trials, k]."""
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
        """Episodes that each update learned from, then those after the last one; environment
        steps.
        """
        c, weights, noise = self.config, self.weights(agent), self._noise(key)
        episode_batches = EpisodeBatches(
            self.family, [task] * len(seeds), seeds, c.trajectories, c.device
        )
        batches, learned = self.inner_loop(
            weights, episode_batches, updates, noise, shrink=c.test_shrink, control=control
        )
        return [*batches, self.play(learned, episode_batches, noise)], episode_batches.steps

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
        """The episodes that trials learn from in so many updates, and what becomes of their
        parameters [trials, ...].

        shrink: of the step sizes after the first update. control: of what an update hands on.
        """
        parameters = first = self.spread(weights, episode_batches.n)
        batches: list[Batch] = []
        for update in range(updates):
            if update == 0 or not self.model.keeps_examples:
                batches.append(self.play(parameters, episode_batches, noise))
            losses = partial(self.model.losses, batch=batches[-1])
            moved = inner.step(losses, parameters, self.rates(weights, shrink if update else 1.0))
            parameters = inner.handed(moved, first, control)
        return batches, parameters

    def play(
        self, parameters: inner.Parameters, episode_batches: EpisodeBatches, noise: torch.Generator
    ) -> Batch:
        """The trials' next episodes."""
        shape = (
            episode_batches.horizon,
            episode_batches.n,
            episode_batches.side,
            self.family.spec.action_size,
        )
        with torch.no_grad():
            return episode_batches.play(
                self.model.act(
                    parameters, torch.rand(shape, generator=noise).to(self.config.device)
                )
            )

    def trial_policy(self, agent: Agent, n: int, key: Key) -> GradientTrialPolicy:
        """The agent in n draws that are driven from outside (metaworld_protocol.TrialPolicy)."""
        policy, weights, noise = self.model, self.weights(agent), self._noise(key)
        if isinstance(policy, Regressor):
            raise ValueError(
                "who drives a trial from outside tells rewards, not labels: this needs "
                "a family without"
            )

        def act(
            parameters: inner.Parameters, observations: torch.Tensor, greedy: bool
        ) -> torch.Tensor:
            said = policy.said(parameters, observations[:, None])[:, 0]
            drawn = torch.rand(n, policy.actions.size, generator=noise).to(said.device)
            return policy.actions.mode(said) if greedy else policy.actions.sample(said, drawn)

        def updated(parameters: inner.Parameters, batch: Batch, update: int) -> inner.Parameters:
            rates = self.rates(weights, self.config.test_shrink if update else 1.0)
            return inner.step(partial(policy.losses, batch=batch), parameters, rates)

        return GradientTrialPolicy(self.spread(weights, n), act, updated)

    def spread(
        self, weights: Mapping[str, torch.Tensor], num_trials: int
    ) -> dict[str, torch.Tensor]:
        """What every trial begins with, [trials, ...]."""
        return {
            name: weights[name].expand(num_trials, *weights[name].shape)
            for name in self.learning(weights)
        }

    def learning(self, weights: Mapping[str, torch.Tensor]) -> list[str]:
        """The names of what a trial changes."""
        return [name for name in weights if not name.startswith(RATE)]

    def rates(
        self, weights: Mapping[str, torch.Tensor], scale: float = 1.0
    ) -> dict[str, torch.Tensor]:
        """The step size of each parameter, times `scale`: its own where it is learned, else the
        setting's.
        """
        usual = torch.tensor(self.config.inner_lr, device=self.config.device)
        return {name: scale * weights.get(RATE + name, usual) for name in self.learning(weights)}

    def weights(self, agent: Agent) -> dict[str, torch.Tensor]:
        return network_weights(agent, self.config.device)

    def _noise(self, key: Key) -> torch.Generator:
        return torch.Generator().manual_seed(key.child("actions").integer())
