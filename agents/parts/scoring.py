"""Scores of learners: fresh draws, returns before and after adaptation, and the solved rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from openpoet.poet.streams import Key

MOST = 0.5  # more than this share of the scored episodes must end in success
SEEDS = 2**31  # seeds are below this: they fit the generator of any simulator


class Scored(NamedTuple):
    """One pair of agent and task."""

    score: float  # after adaptation
    solved: bool  # see `solved`
    steps: int  # of the environment
    before: float  # the score before adaptation, on the same draws


class Outcomes(NamedTuple):
    """Episodes of several trials: k in sequence, or k batches between updates."""

    returns: np.ndarray  # [trials, k] float64; means of batches
    success: np.ndarray  # [trials, k] float64, share of episodes with the simulator's `success`
    steps: int  # of the environment


def scored(outcomes: Outcomes, solved_score: float, last: int = 1) -> Scored:
    """The mean return of the `last` last columns, and of the first as `before`."""
    after, before = float(outcomes.returns[:, -last:].mean()), float(outcomes.returns[:, 0].mean())
    reached = bool(solved(after, outcomes.success[:, -last:].mean(), solved_score))
    return Scored(after, reached, outcomes.steps, before)


def solved(
    score: np.ndarray | float, success: np.ndarray | float, solved_score: float
) -> np.ndarray:
    """The rule of poet.interfaces.Spec: mean return at least solved_score, most episodes succeed.

    score: mean returns, [pairs] or scalar; success: shares of the scored episodes, likewise.
    """
    return np.asarray((np.asarray(score) >= solved_score) & (np.asarray(success) > MOST))


def columns(rows: Iterable[Scored]) -> tuple[np.ndarray, ...]:
    """The return value of poet.interfaces.Learner.evaluate: one array [pairs] for each field."""
    table = list(rows)
    kinds = (np.float64, np.bool_, np.int64, np.float64)
    return tuple(np.array([row[i] for row in table], kind) for i, kind in enumerate(kinds))


def draw_seeds(key: Key, count: int) -> list[int]:
    """Seeds of `count` draws of a task."""
    return key.child("seeds").generator().integers(0, SEEDS, count).tolist()
