"""Experiment `direct-path` (arXiv 1901.01753, figures 5 and 6): how near a control comes to the
environments that POET has solved.

The paper's control is a direct path: from flat ground each parameter takes steps toward the target.
Here the control is a second run, of any method on the same family: the distance of a target is that
to the nearest environment which the control has solved.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ..tables import Cell, Table
from .classes import NAMES, Worlds, distances

# Mean distance and its standard deviation, by class.
PUBLISHED = {1: (0.081, 0.077), 2: (0.214, 0.078), 3: (0.375, 0.062)}


def shortfalls(worlds: Worlds, control: Worlds) -> dict[int, np.ndarray]:
    """By class: distance of each environment that the run has solved to the nearest that the
    control has solved. ValueError if one of them has solved none.
    """
    if not worlds.is_solved.any() or not control.is_solved.any():
        raise ValueError("direct-path needs two runs that have each solved an environment")
    targets = worlds.vectors[worlds.is_solved]
    nearest = distances(targets, control.vectors[control.is_solved]).min(1)
    found = worlds.levels[worlds.is_solved]
    return {level: nearest[found == level] for level in range(len(NAMES)) if level in found}


def distances_table(found: dict[int, np.ndarray]) -> Table:
    """A row a class: targets, mean distance and standard deviation beside the paper's."""
    rows: list[list[Cell]] = []
    for level, name in enumerate(NAMES):
        values = found.get(level, np.empty(0))
        paper = "{:.3f} ± {:.3f}".format(*PUBLISHED[level]) if level in PUBLISHED else "-"
        deviation = float(values.std(ddof=1)) if len(values) > 1 else None
        mean = float(values.mean()) if len(values) else None
        rows.append([name, len(values), mean, deviation, paper])
    return Table(
        "direct-path",
        ("class", "targets", "distance", "standard deviation", "paper"),
        rows,
        "distance from what the run solved to the nearest that the control solved; the paper's: "
        "mean ± standard deviation",
    )


def mann_whitney_table(found: dict[int, np.ndarray]) -> Table:
    """Two-sided Mann-Whitney tests between the classes, as in the paper."""
    from scipy import stats

    rows: list[list[Cell]] = []
    for one, other in combinations(sorted(found), 2):
        test = stats.mannwhitneyu(found[one], found[other])
        rows.append([NAMES[one], NAMES[other], float(test.statistic), float(test.pvalue)])
    note = "Mann-Whitney between classes; the paper: p < .01 for each pair of its three"
    return Table("direct-path-tests", ("class", "other", "U", "p"), rows, note)
