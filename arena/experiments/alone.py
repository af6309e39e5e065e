"""Experiments `es-alone` and `ppo-alone` (arXiv 1901.01753, figures 2 to 4): direct optimisation,
from new weights, of the environments that a run of POET has solved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..tables import Cell, Table

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Learner, Task
    from openpoet.poet.streams import Key

# Best scores of ES alone in five environments, of five runs each; POET's were 230 or more.
PUBLISHED = "17.9 (gaps), 39.6 (roughness), 13.6 (stumps), 24.0 (stairs), 19.2 (mixed); p < .01"


@dataclass(frozen=True, eq=False)
class Alone:
    """An environment that POET has solved, and direct optimisation of it.

    poet: the best score of POET's agents there. alone: [repeats] float64, the best score of each
    repeat. iterations: improvement steps of a repeat. steps: environment steps of all repeats.
    """

    niche: int
    title: str
    poet: float
    alone: np.ndarray
    iterations: int
    steps: int


def train_alone(
    learner: Learner,
    task: Task,
    keys: Sequence[Key],
    iterations: int,
    note: Callable[[int], None] = lambda iteration: None,
) -> tuple[np.ndarray, int]:
    """Best scores [keys] of new agents, one a key, over so many improvement steps in one task, and
    the environment steps. ValueError if a score is NaN or infinite.
    """
    tasks, steps = [task] * len(keys), 0
    agents = [learner.init(key.child("init")) for key in keys]
    best = np.full(len(keys), -np.inf)
    for iteration in range(iterations):
        note(iteration)
        streams = [key.child("improve", iteration) for key in keys]
        agents, cost = learner.improve(agents, tasks, streams)
        tests = [key.child("score", iteration) for key in keys]
        scores, _, spent, *_ = learner.evaluate(agents, tasks, tests)
        if not np.isfinite(scores).all():
            raise ValueError(f"a score must be finite, got {scores.tolist()} alone")
        best = np.maximum(best, scores)
        steps += int(np.sum(cost)) + int(np.sum(spent))
    return best, steps


def alone_table(found: Sequence[Alone]) -> Table:
    """A row an environment, with a one-sample t test of the repeats against POET's score.

    The test is one-sided: that the repeats' mean is below POET's score. Without spread there is no
    test.
    """
    from scipy import stats

    rows: list[list[Cell]] = []
    for one in found:
        p = None
        if len(one.alone) > 1 and np.ptp(one.alone) > 0:
            p = float(stats.ttest_1samp(one.alone, one.poet, alternative="less").pvalue)
        ours = [one.poet, float(one.alone.max()), float(one.alone.mean()), p]
        rows.append([one.niche, one.title, one.iterations, float(one.steps / 1e6), *ours])
    columns = ("niche", "environment", "iterations", "M steps", "POET", "best alone", "mean", "p")
    note = (
        "alone: best scores of new agents, trained there for as many iterations as the run had "
        f"when it solved the environment; p: one-sample t against POET's; the paper: {PUBLISHED}"
    )
    return Table("alone", columns, rows, note)
