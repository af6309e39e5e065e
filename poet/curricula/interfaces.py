"""What a curriculum needs of a learner besides poet.interfaces.Learner, and the interface of a
curriculum in one file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..interfaces import Agent, Learner, Task
from ..streams import Key

if TYPE_CHECKING:
    from .teaching import Level, Tried


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


class Teacher(Protocol):
    """What a curriculum in one file needs (docs/plugins.md). It is made as Teacher(family,
    **settings), and keeps no state of its own: that is in the levels and the memory.

    memory: a dict of JSON values, at first {}. rng: all randomness is from it.
    size: largest number of levels that are kept; an object without it keeps none.
    """

    @property
    def size(self) -> int: ...

    def choose(
        self, levels: Sequence[Level], rows: int, memory: Any, rng: np.random.Generator
    ) -> Sequence[Level | Task]:
        """What the student trains on in the next rollout, one a row for the whole rollout: levels
        of `levels`, which are those that are kept, or new tasks.

        `level.child(task)` in place of a new task records that it was made from `level`.
        """
        ...

    def learn(
        self, levels: Sequence[Level], tried: Sequence[Tried], memory: Any, rng: np.random.Generator
    ) -> tuple[Sequence[float | None], Any]:
        """A score of each level tried, and the new memory.

        Beyond `size` the levels of the lowest scores leave; of equal ones the youngest. None: the
        level is not kept.
        """
        ...
