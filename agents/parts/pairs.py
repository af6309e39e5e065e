"""Learners that take one pair of agent and task after another: the loops of the two batched calls,
written once.

Pairs never see each other, so a batch is its pairs one by one. What differs is a learner's own: how
one agent is improved in one task, and what the episodes of its trials come to.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .hyperparameters import hyperparameters_of
from .scoring import Outcomes, Scored, columns, scored

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

    from .lifetimes import Control


class PairByPair(ABC):
    """Learner (poet.interfaces), but for `init` and `adopt`."""

    family: TaskFamily
    config: Any

    @abstractmethod
    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """The agent after one step of its learner's outer loop in the task; environment steps."""

    def improve(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[list[Agent], np.ndarray]:
        """New agents, environment steps [pairs] int64. Hyperparameters that an agent carries stay
        with it.
        """
        improved: list[Agent] = []
        steps = np.zeros(len(agents), np.int64)
        for pair, (agent, task, key) in enumerate(zip(agents, tasks, keys, strict=True)):
            after, steps[pair] = self.of(agent).improve_one(agent, task, key)
            improved.append({**hyperparameters_of(agent), **after})
        return improved, steps

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[np.ndarray, ...]:
        """Scores, solved, environment steps and scores before adaptation, each [pairs], on fresh
        draws.
        """
        return columns(
            self.of(pair[0]).score_one(*pair) for pair in zip(agents, tasks, keys, strict=True)
        )

    @abstractmethod
    def score_one(self, agent: Agent, task: Task, key: Key) -> Scored:
        """What the agent comes to in the task."""

    def of(self, agent: Agent) -> Self:
        """This learner with the settings that the agent carries; Tunable learners have some."""
        return self


class Adapting(PairByPair):
    """A learner whose agents adapt within a trial, and are scored by the trial's last episodes."""

    def score_one(self, agent: Agent, task: Task, key: Key) -> Scored:
        """The mean return of the last episodes of `test_trials` trials, and before adaptation that
        of their first.
        """
        outcomes = self.outcomes(agent, task, key, self.config.test_trials)
        return scored(
            outcomes, self.family.spec.solved_score, getattr(self.config, "test_episodes", 1)
        )

    @abstractmethod
    def outcomes(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> Outcomes:
        """Returns and success of trials on fresh draws of the task, by episode or update.

        control: see lifetimes.next_episode.
        """

    def by_episode(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> tuple[np.ndarray, int]:
        """Returns [trials, k] by episode or update, and environment steps (assessment.Adapts)."""
        outcomes = self.outcomes(agent, task, key, num_trials, control)
        return outcomes.returns, outcomes.steps
