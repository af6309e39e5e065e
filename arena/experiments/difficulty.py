"""Experiment `difficulty` (arXiv 1901.01753): classes of the environments that a run has created
and solved, iterations to solve them, and coverage of the space.

Coverage is that of the paper's figure 8: distances from environments drawn uniformly in a class to
the nearest one that the run has created and solved; a smaller distance is a better coverage.
"""

from __future__ import annotations

import numpy as np

from ..statistics import Estimate, confidence
from ..tables import Cell, Table
from .classes import NAMES, Worlds, distances, uniform

DRAWS = 1000  # environments of a class, as in the paper
# Iterations from birth to solved, with the half width of the 95 % interval.
PUBLISHED = {1: (638, 133), 2: (1180, 343), 3: (2178, 368)}


def waits(worlds: Worlds, level: int) -> np.ndarray:
    """Iterations from creation to the first solution, of the solved environments of a class."""
    chosen = worlds.is_solved & (worlds.levels == level)
    return (worlds.solved - worlds.born)[chosen]


def coverage(worlds: Worlds, level: int, thresholds: np.ndarray) -> np.ndarray:
    """Distance from each of 1,000 uniform environments of a class to the nearest solved one,
    [draws]; the same draws for every run. ValueError if the run has solved none.
    """
    solved = worlds.vectors[worlds.is_solved]
    if not len(solved):
        raise ValueError("coverage needs a run that has solved an environment")
    drawn = uniform(level, thresholds, DRAWS, np.random.default_rng(level))
    return distances(drawn, solved).min(1)


def published(level: int) -> str:
    value, half = PUBLISHED.get(level, (0, 0))
    return f"{value:,} ± {half}" if value else "-"


def difficulty_table(
    worlds: Worlds, thresholds: np.ndarray, steps: np.ndarray, hours: np.ndarray
) -> Table:
    """A row a class.

    steps [iterations] and hours [iterations]: of the run up to each iteration.
    """
    rows: list[list[Cell]] = []
    for level, name in enumerate(NAMES):
        here = worlds.levels == level
        solved = here & worlds.is_solved
        took = waits(worlds, level)
        first = int(worlds.solved[solved].min()) if solved.any() else None
        wait = confidence(took) if len(took) else None
        at: list[Cell] = [None, None]
        if first is not None:
            at = [float(steps[first] / 1e6), float(hours[first])]
        reached = _coverage(worlds, level, thresholds)
        counts = int(here.sum()), int(solved.sum())
        rows.append([name, *counts, wait, published(level), *at, reached])
    columns = (
        *("class", "created", "solved", "iterations to solve", "paper"),
        *("first after M steps", "hours", "coverage"),
    )
    note = (
        "iterations to solve: mean [95 % interval], the paper's ± its half width; coverage: mean "
        f"distance [95 % interval] of {DRAWS:,} environments of the class to the nearest solved "
        "one; first: when the first of the class was solved"
    )
    return Table("difficulty", columns, rows, note)


def _coverage(worlds: Worlds, level: int, thresholds: np.ndarray) -> Estimate | None:
    return confidence(coverage(worlds, level, thresholds)) if worlds.is_solved.any() else None


def coverage_table(
    worlds: Worlds, other: Worlds, thresholds: np.ndarray, name_of_other: str = "the second run"
) -> Table:
    """Coverage of two runs by class, with the Mann-Whitney test of the paper's figure 8.

    The test is one-sided: that the first run's distances are smaller. A run that has solved nothing
    has no coverage.
    """
    from scipy import stats

    rows: list[list[Cell]] = []
    both = worlds.is_solved.any() and other.is_solved.any()
    for level, name in enumerate(NAMES):
        row: list[Cell] = [_coverage(one, level, thresholds) for one in (worlds, other)]
        p = None
        if both:
            pair = (coverage(one, level, thresholds) for one in (worlds, other))
            p = float(stats.mannwhitneyu(*pair, alternative="less").pvalue)
        rows.append([name, *row, p])
    return Table(
        "coverage",
        ("class", "distance", f"distance of {name_of_other}", "p"),
        rows,
        "p: Mann-Whitney, that the first run covers the class better; the paper against no "
        "transfer: p < 2.2e-16",
    )
