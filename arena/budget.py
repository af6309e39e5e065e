"""Runs at equal numbers of environment steps: their curves, and their values at a common budget.

Steps are those of the ledger, for all purposes: training, evaluation, transfers, admission.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .statistics import Mean, mean
from .tables import Cell, Table

MEASURES = ("solved", "annecs", "best", "median")


@dataclass(frozen=True, eq=False)
class Progress:
    """What a run had reached after each of its iterations; all arrays are [iterations].

    name: of the run. method: what it is grouped by; runs of a method differ in their seed.
    steps: environment steps so far, int64. hours: clock time so far [h]. solved: tasks solved so
    far. annecs: of the engine. best, median: of the active niches' scores, each in its own task;
    NaN before the first score.
    """

    name: str
    method: str
    seed: int
    steps: np.ndarray
    hours: np.ndarray
    solved: np.ndarray
    annecs: np.ndarray
    best: np.ndarray
    median: np.ndarray

    def at(self, budget: int) -> int:
        """The last iteration within a budget of steps. ValueError if there is none."""
        place = int(np.searchsorted(self.steps, budget, side="right")) - 1
        if place < 0:
            raise ValueError(
                f"{self.name} had taken {self.steps[0]:,} steps after its first iteration, more "
                f"than the budget of {budget:,}"
            )
        return place


def common_budget(runs: Sequence[Progress], asked: int | None = None) -> int:
    """The steps that every run has reached, or those that are asked for.

    ValueError if there are no runs, or if a run has not reached the steps that are asked for.
    """
    if not runs:
        raise ValueError("a comparison needs at least one run")
    most = int(min(run.steps[-1] for run in runs))
    if asked is None:
        return most
    if short := [run.name for run in runs if run.steps[-1] < asked]:
        raise ValueError(
            f"--budget {asked:,} is more steps than {', '.join(short)} reached: give at most "
            f"{most:,}, which every run has reached, or leave these runs out"
        )
    return asked


def grouped(runs: Sequence[Progress]) -> dict[str, list[Progress]]:
    """The runs by method, in the order in which the methods come first.

    ValueError if a method has two runs of one seed, which would count as independent repeats.
    """
    found: dict[str, list[Progress]] = {}
    for run in runs:
        seeds = {other.seed: other.name for other in found.setdefault(run.method, [])}
        if run.seed in seeds:
            raise ValueError(
                f"{seeds[run.seed]} and {run.name} are both {run.method} with seed {run.seed}: "
                "leave one out, the repeats of a method must have different seeds"
            )
        found[run.method].append(run)
    return found


def methods_table(runs: Sequence[Progress], budget: int) -> Table:
    """A row a method: mean and standard error over its runs at the budget of steps."""
    rows: list[list[Cell]] = []
    for method, repeats in grouped(runs).items():
        at = [run.at(budget) for run in repeats]
        hours = mean([run.hours[i] for run, i in zip(repeats, at, strict=True)])
        values = [
            _mean([getattr(run, name)[i] for run, i in zip(repeats, at, strict=True)])
            for name in MEASURES
        ]
        rows.append([method, len(repeats), hours, *values])
    note = f"at {budget:,} environment steps, all purposes; best and median in a run's own tasks"
    return Table("methods", ("method", "seeds", "hours", *MEASURES), rows, note)


def runs_table(runs: Sequence[Progress], budget: int) -> Table:
    """A row a run: where it ended, and its values at the budget of steps."""
    rows: list[list[Cell]] = []
    for run in runs:
        at = run.at(budget)
        values = [_number(getattr(run, name)[at]) for name in MEASURES]
        ends = len(run.steps) - 1, int(run.steps[-1]), float(run.hours[-1])
        rows.append([run.name, run.method, run.seed, *ends, *values])
    columns = ("run", "method", "seed", "iterations", "steps", "hours", *MEASURES)
    note = f"iterations, steps and hours of the whole run, the rest at {budget:,} steps"
    return Table("runs", columns, rows, note)


def curves_table(runs: Sequence[Progress]) -> Table:
    """A row an iteration of each run."""
    rows: list[list[Cell]] = []
    for run in runs:
        for i in range(len(run.steps)):
            values = [_number(getattr(run, name)[i]) for name in MEASURES]
            at = int(run.steps[i]), float(run.hours[i])
            rows.append([run.name, run.method, run.seed, i, *at, *values])
    columns = ("run", "method", "seed", "iteration", "steps", "hours", *MEASURES)
    return Table("curves", columns, rows)


def mean_curve(runs: Sequence[Progress], measure: str, points: int = 200) -> np.ndarray:
    """Mean and standard error over runs of a measure at equal steps, [3, points].

    Rows: steps, from the first that all runs have reached to the last; mean; standard error, NaN
    for one run. Between two iterations a run has the value of the earlier one.
    """
    first, last = max(run.steps[0] for run in runs), common_budget(runs)
    steps = np.linspace(first, last, points)
    values = np.array(
        [getattr(run, measure)[np.searchsorted(run.steps, steps, "right") - 1] for run in runs],
        np.float64,
    )
    n = len(runs)
    errors = values.std(0, ddof=1) / np.sqrt(n) if n > 1 else np.full(points, np.nan)
    return np.stack([steps, values.mean(0), errors])


def _number(value: float) -> Cell:
    if np.isnan(value):
        return None
    return int(value) if np.issubdtype(type(value), np.integer) else float(value)


def _mean(values: Sequence[float]) -> Mean | None:
    """None if a run has no value, since the mean of the others would compare other seeds."""
    return None if np.isnan(values).any() else mean(values)
