"""Learners whose agent is where every life begins: parameters from which a few steps of gradient
descent lead far.

What MAML, first-order MAML and Reptile share; how they learn such a beginning is their own. What a
life learns is
gone at its end: a transfer takes the beginning, and the step sizes where those are learned.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch

from ..parts import adam
from ..parts.hyperparameters import Range, Tunable
from ..parts.lifetimes import Control
from ..parts.pairs import Adapting
from ..parts.scoring import Outcomes, draw_seeds
from ..rollouts.episode_batches import Batch, Lives, by_life
from . import inner
from .gradient_life import Updating
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
    def outer_step(self, agent: Agent, lives: Lives, noise: torch.Generator) -> Agent:
        """The agent after one step of the outer loop, on lives that have just begun."""

    @abstractmethod
    def settled(self, weights: dict[str, torch.Tensor]) -> Agent:
        """An agent of these, its optimiser and schedules at their beginning."""

    def init(self, key: Key) -> Agent:
        return self.settled(self.model.init(key.generator()))

    def adopt(self, agent: Agent) -> Agent:
        """The same initialisation and step sizes; what a life made of them is never carried
        over.
        """
        weights = {name: agent[name].clone() for name in adam.acting(agent)}
        return {**self.settled(weights), **self.carried(agent)}

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """One outer step, on draws it has not met."""
        c = self.config
        lives = Lives(
            self.family, [task] * c.draws, draw_seeds(key, c.draws), c.trajectories, c.device
        )
        return self.outer_step(agent, lives, self._noise(key)), lives.steps

    def outcomes(
        self, agent: Agent, task: Task, key: Key, lives: int, control: Control = "none"
    ) -> Outcomes:
        """Episodes that updates learned from, and those after the last update, [lives, k]."""
        seeds, updates = draw_seeds(key, lives), self.config.test_updates
        batches, steps = self.adapted(agent, task, seeds, key, updates, control)
        return by_life(batches, lives, steps)

    def adapted(
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
        lives = Lives(self.family, [task] * len(seeds), seeds, c.trajectories, c.device)
        batches, learned = self.lived(
            weights, lives, updates, noise, shrink=c.test_shrink, control=control
        )
        return [*batches, self.play(learned, lives, noise)], lives.steps

    def lived(
        self,
        weights: Mapping[str, torch.Tensor],
        lives: Lives,
        updates: int,
        noise: torch.Generator,
        *,
        shrink: float = 1.0,
        control: Control = "none",
    ) -> tuple[list[Batch], inner.Parameters]:
        """The episodes that lives learn from in so many updates, and what becomes of their
        parameters [lives, ...].

        shrink: of the step sizes after the first update. control: of what an update hands on.
        """
        parameters = first = self.spread(weights, lives.n)
        batches: list[Batch] = []
        for update in range(updates):
            if update == 0 or not self.model.keeps_examples:
                batches.append(self.play(parameters, lives, noise))
            losses = partial(self.model.losses, batch=batches[-1])
            moved = inner.step(losses, parameters, self.rates(weights, shrink if update else 1.0))
            parameters = inner.handed(moved, first, control)
        return batches, parameters

    def play(self, parameters: inner.Parameters, lives: Lives, noise: torch.Generator) -> Batch:
        """The lives' next episodes."""
        shape = (lives.horizon, lives.n, lives.side, self.family.spec.action_size)
        with torch.no_grad():
            return lives.play(
                self.model.act(
                    parameters, torch.rand(shape, generator=noise).to(self.config.device)
                )
            )

    def live(self, agent: Agent, n: int, key: Key) -> Updating:
        """The agent in n draws that are driven from outside (metaworld_protocol.Life)."""
        policy, weights, noise = self.model, self.weights(agent), self._noise(key)
        if isinstance(policy, Regressor):
            raise ValueError(
                "who drives a life from outside tells rewards, not labels: this needs "
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

        return Updating(self.spread(weights, n), act, updated)

    def spread(self, weights: Mapping[str, torch.Tensor], lives: int) -> dict[str, torch.Tensor]:
        """What every life begins with, [lives, ...]."""
        return {
            name: weights[name].expand(lives, *weights[name].shape)
            for name in self.learning(weights)
        }

    def learning(self, weights: Mapping[str, torch.Tensor]) -> list[str]:
        """The names of what a life changes."""
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
        return {name: agent[name].to(self.config.device) for name in adam.acting(agent)}

    def _noise(self, key: Key) -> torch.Generator:
        return torch.Generator().manual_seed(key.child("actions").integer())
