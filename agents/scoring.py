"""What learners that adapt share when they are scored: the draws they meet, before and after, a column each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from poet.streams import Key

SEEDS = 2**31  # seeds are below this: they fit the generator of any simulator


class Scored(NamedTuple):
    """One pair of agent and task."""

    score: float  # after adaptation
    solved: bool
    steps: int  # of the environment
    before: float  # the score before adaptation, on the same draws


def scored(returns: np.ndarray, steps: int, solved_score: float, last: int = 1) -> Scored:
    """The score of lives with returns [lives, k] by episode or update: the mean of the last ones, and of the first."""
    after, before = float(returns[:, -last:].mean()), float(returns[:, 0].mean())
    return Scored(after, after >= solved_score, steps, before)


def columns(rows: Iterable[Scored]) -> tuple[np.ndarray, ...]:
    """What poet.interfaces.Learner.evaluate gives: an array a field, [pairs]."""
    table = list(rows)
    kinds = (np.float64, np.bool_, np.int64, np.float64)
    return tuple(np.array([row[i] for row in table], kind) for i, kind in enumerate(kinds))


def draw_seeds(key: Key, count: int) -> list[int]:
    """Seeds of so many draws of a task."""
    return key.child("seeds").generator().integers(0, SEEDS, count).tolist()
