"""Training on a list of levels, for learners that adapt between batches of episodes: each level is
a trial, and its outcome is that of the episodes after adaptation.

For curricula (poet.curricula.interfaces.Student). The positive value loss is that of Jiang et al.
2021 (arXiv 2110.02439).
Differs: its advantages are those of the learner, which for learners without a critic are returns to
go less their mean over a trial's episodes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import torch

from ..parts.hyperparameters import hyperparameters_of
from ..parts.level_episodes import LevelEpisodes
from .episode_batches import Batch

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task
    from openpoet.poet.streams import Key


class LevelTrials(NamedTuple):
    """Trials on n levels.

    after: the agent after an update, or as it was. batch: the trials' episodes after adaptation,
    [t, n x per_trial], a level's episodes adjacent. advantages: [t, n x per_trial]. steps: of the
    environment, in all episodes.
    """

    after: Agent
    batch: Batch
    advantages: torch.Tensor
    steps: int


class TrialStudent(ABC):
    """The methods of a student for learners that train on one trial of each level.

    Rows keep their levels for a whole trial, so that no level follows another in its row.
    """

    @property
    @abstractmethod
    def rows(self) -> int:
        """Levels side by side in an update. ValueError if the family is not one for curricula."""

    @abstractmethod
    def run_levels(
        self, agent: Agent, levels: Sequence[Task], key: Key, *, update: bool
    ) -> LevelTrials:
        """Trials on the levels. update: learn from them."""

    @abstractmethod
    def of(self, agent: Agent) -> Self: ...

    def train_on(
        self, agent: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
    ) -> tuple[Agent, LevelEpisodes, int]:
        """The agent after one update on a trial of each level; see Student."""
        trials = self.of(agent).run_levels(agent, levels, key, update=True)
        after = {**hyperparameters_of(agent), **trials.after}
        return after, _episodes(trials, len(levels)), trials.steps

    def try_on(
        self, agent: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
    ) -> tuple[Agent, LevelEpisodes, int]:
        """The same trials without the update; the agent stays as it is."""
        trials = self.of(agent).run_levels(agent, levels, key, update=False)
        return agent, _episodes(trials, len(levels)), trials.steps


def _episodes(trials: LevelTrials, num_levels: int) -> LevelEpisodes:
    alive = trials.batch.alive
    advantages, count = trials.advantages.double() * alive, alive.sum(0)
    columns = trials.batch.returns.double(), trials.batch.success
    losses = advantages.clamp(min=0).sum(0) / count, advantages.abs().sum(0) / count
    per_level = alive.shape[1] // num_levels
    return LevelEpisodes(
        np.repeat(np.arange(num_levels), per_level),
        *(column.cpu().numpy() for column in (*columns, *losses)),
    )
