"""Base classes of learners that process pairs of agent and task one at a time.

Pairs are independent, so a batched call is a loop over its pairs. A subclass defines how one agent
is improved in one task, and the results of its trials.
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
        """The agent after one step of the outer loop in the task, and environment steps."""

    def improve(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[list[Agent], np.ndarray]:
        """New agents, and environment steps [pairs] int64. Agents keep their hyperparameters."""
        improved: list[Agent] = []
        steps = np.zeros(len(agents), np.int64)
        for pair, (agent, task, key) in enumerate(zip(agents, tasks, keys, strict=True)):
            after, steps[pair] = self.of(agent).improve_one(agent, task, key)
            improved.append({**hyperparameters_of(agent), **after})
        return improved, steps

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[np.ndarray, ...]:
        """Scores, solved, environment steps and scores before adaptation, [pairs] each.

        All on fresh draws.
        """
        return columns(
            self.of(pair[0]).score_one(*pair) for pair in zip(agents, tasks, keys, strict=True)
        )

    @abstractmethod
    def score_one(self, agent: Agent, task: Task, key: Key) -> Scored:
        """The agent's score in the task."""

    def of(self, agent: Agent) -> Self:
        """This learner with the agent's hyperparameters, in learners that are Tunable."""
        return self


class Adapting(PairByPair):
    """A learner whose agents adapt within a trial and are scored on the trial's last episodes."""

    @property
    def test_trials(self) -> int:
        """Trials of an evaluation."""
        return int(self.config.test_trials)

    def score_one(self, agent: Agent, task: Task, key: Key) -> Scored:
        """The mean return of the last episodes of `test_trials` trials.

        The score before adaptation is that of their first episodes.
        """
        outcomes = self.outcomes(agent, task, key, self.test_trials)
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
