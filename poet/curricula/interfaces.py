"""What a curriculum needs of a learner besides poet.interfaces.Learner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from ..interfaces import Agent, Learner, Task
from ..streams import Key


class Episodes(Protocol):
    """The k whole episodes of a rollout on levels: arrays [k]. Any object with these attributes.

    levels: int64, place of the episode's level among the levels in the order in which rows took
    them. returns: float64. success: bool, the simulator's. positive_value_losses, value_losses:
    float64, means over the steps of max(A, 0) and of |A|, with A the learner's advantages.
    """

    levels: np.ndarray
    returns: np.ndarray
    success: np.ndarray
    positive_value_losses: np.ndarray
    value_losses: np.ndarray


class Student(Learner, Protocol):
    """A learner for curricula (poet.curricula), which train one agent on many levels."""

    # levels side by side in a rollout; ValueError if a rollout is shorter than an episode
    rows: int

    def train_on(
        self, agent: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
    ) -> tuple[Agent, Episodes, int]:
        """The agent after one update on a rollout that begins with a reset; the rollout's whole
        episodes; environment steps.

        levels: one a row. further: a row whose episode has ended takes the next of these levels;
        None: it keeps its own. The number of rows is that of the levels, whatever `rows` is.
        """
        ...

    def try_on(
        self, agent: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
    ) -> tuple[Agent, Episodes, int]:
        """The same rollout without the update. The agent's weights do not change; statistics of
        normalisation may.
        """
        ...
