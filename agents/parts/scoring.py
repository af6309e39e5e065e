"""What learners that adapt share when they are scored: the draws they meet, before and after, a
column each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from openpoet.poet.streams import Key

MOST = 0.5  # of the scored episodes: more than this share must end in success
SEEDS = 2**31  # seeds are below this: they fit the generator of any simulator


class Scored(NamedTuple):
    """One pair of agent and task."""

    score: float  # after adaptation
    solved: bool  # see `solved`
    steps: int  # of the environment
    before: float  # the score before adaptation, on the same draws


class Outcomes(NamedTuple):
    """Episodes of several trials: k one after another, or k batches of them between updates."""

    returns: np.ndarray  # [trials, k] float64, of a batch the mean
    success: np.ndarray  # [trials, k] float64, the share that ended with the simulator's `success`
    steps: int  # of the environment


def scored(outcomes: Outcomes, solved_score: float, last: int = 1) -> Scored:
    """The mean return of the last episodes or batches, and before adaptation of the first."""
    after, before = float(outcomes.returns[:, -last:].mean()), float(outcomes.returns[:, 0].mean())
    reached = bool(solved(after, outcomes.success[:, -last:].mean(), solved_score))
    return Scored(after, reached, outcomes.steps, before)


def solved(
    score: np.ndarray | float, success: np.ndarray | float, solved_score: float
) -> np.ndarray:
    """The rule of poet.interfaces.Spec: enough mean return, and success in most episodes.

    score: mean returns, [pairs] or one; success: shares of the scored episodes, likewise.
    """
    return np.asarray((np.asarray(score) >= solved_score) & (np.asarray(success) > MOST))


def columns(rows: Iterable[Scored]) -> tuple[np.ndarray, ...]:
    """What poet.interfaces.Learner.evaluate gives: an array a field, [pairs]."""
    table = list(rows)
    kinds = (np.float64, np.bool_, np.int64, np.float64)
    return tuple(np.array([row[i] for row in table], kind) for i, kind in enumerate(kinds))


def draw_seeds(key: Key, count: int) -> list[int]:
    """Seeds of so many draws of a task."""
    return key.child("seeds").generator().integers(0, SEEDS, count).tolist()
