"""Experiment `direct-path` (arXiv 1901.01753, figures 5 and 6): how near a control comes to the
environments that POET has solved.

The paper's control is a direct path: from flat ground each parameter takes steps toward the target,
the next ones once the agent has learned the environment (`walk`). The control may also be a second
run, of any method on the same family (`shortfalls`). The distance of a target is that to the
nearest environment which the control has solved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ..tables import Cell, Table
from .classes import NAMES, Worlds, distances, levels

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Learner, Task
    from openpoet.poet.streams import Key

    Toward = Callable[[Task, np.random.Generator], Task]

# Mean distance and its standard deviation, by class.
PUBLISHED = {1: (0.081, 0.077), 2: (0.214, 0.078), 3: (0.375, 0.062)}


@dataclass(frozen=True, eq=False)
class Paths:
    """A target and the direct paths to it, of which each has trained an agent of its own.

    level: class of the target. distance: [repeats] float64, from the target to the last environment
    that a path has passed. iterations: improvement steps that a path may take. steps: environment
    steps of all repeats. passed: [environments, 5] float64, all that the repeats have passed.
    """

    niche: int
    title: str
    level: int
    distance: np.ndarray
    iterations: int
    steps: int
    passed: np.ndarray


@dataclass(frozen=True)
class Route:
    """Where the paths to a target lead, and when they go on.

    start: flat ground. toward: the next environment on the way to the target, which it returns as
    it is. score: at which an environment is passed.
    """

    start: Task
    target: Task
    toward: Toward
    score: float


def walk(
    learner: Learner,
    route: Route,
    keys: Sequence[Key],
    iterations: int,
    note: Callable[[int], None] = lambda iteration: None,
) -> tuple[list[list[Task]], int]:
    """The environments that each path has passed, in order, and the environment steps.

    There is one path a key. A path ends when it has passed the target, or after so many improvement
    steps. The start counts as passed. ValueError if a score is NaN or infinite.
    """
    agents = [learner.init(key.child("init")) for key in keys]
    tasks, passed, steps = [route.start] * len(keys), [[route.start] for _ in keys], 0
    for iteration in range(iterations):
        going = [path for path, done in enumerate(passed) if done[-1] != route.target]
        if not going:
            break
        note(iteration)
        here = [tasks[path] for path in going]
        streams = [keys[path].child("improve", iteration) for path in going]
        learned, cost = learner.improve([agents[path] for path in going], here, streams)
        tests = [keys[path].child("score", iteration) for path in going]
        scores, _, spent, *_ = learner.evaluate(learned, here, tests)
        if not np.isfinite(scores).all():
            raise ValueError(f"a score must be finite, got {scores.tolist()} on a direct path")
        steps += int(np.sum(cost)) + int(np.sum(spent))
        for path, agent, score in zip(going, learned, scores, strict=True):
            agents[path] = agent
            if score >= route.score:
                if tasks[path] != route.start:
                    passed[path].append(tasks[path])
                draws = keys[path].child("toward", iteration).generator()
                tasks[path] = route.toward(tasks[path], draws)
    return passed, steps


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


def paths_worlds(paths: Sequence[Paths], thresholds: np.ndarray) -> Worlds:
    """All environments that the paths have passed, as those of one run."""
    vectors = np.concatenate([path.passed for path in paths])
    at = np.zeros(len(vectors), np.int64)
    return Worlds(vectors, at, at, levels(vectors, thresholds))


def by_class(paths: Sequence[Paths]) -> dict[int, np.ndarray]:
    """By class of the target: the distances of all paths, as `shortfalls` has them."""
    return {
        level: np.concatenate([path.distance for path in paths if path.level == level])
        for level in sorted({path.level for path in paths})
    }


def paths_table(paths: Sequence[Paths]) -> Table:
    """A row a target: what its paths may take and have taken, and how near they came."""
    rows: list[list[Cell]] = [
        [
            *(path.niche, path.title, NAMES[path.level], path.iterations, float(path.steps / 1e6)),
            *(len(path.distance), int((path.distance == 0).sum()), float(path.distance.mean())),
        ]
        for path in paths
    ]
    columns = (
        *("niche", "environment", "class", "iterations", "M steps"),
        *("paths", "reached", "distance"),
    )
    note = (
        "paths: agents trained from new weights on environments that approach the one which the "
        "run solved, for as many improvement steps as its line of ancestors took, proposals "
        "included; reached: that passed it"
    )
    return Table("direct-paths", columns, rows, note)


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
