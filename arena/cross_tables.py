"""The cross-population table as tables of runs and of methods."""

from __future__ import annotations

from collections.abc import Sequence

from .cross_population import CrossPopulation
from .statistics import mean
from .tables import Cell, Table


def cross_table(found: CrossPopulation, names: Sequence[str], methods: Sequence[str]) -> Table:
    """A row a run: share of all worlds that its agents beat, and of the worlds of each run."""
    rows: list[list[Cell]] = []
    for at, (name, method) in enumerate(zip(names, methods, strict=True)):
        shares = [float(share) for share in found.shares[at]]
        rows.append([name, method, int(found.worlds[at]), float(found.scores[at]), *shares])
    columns = ("run", "method", "worlds", "score", *(f"worlds of {name}" for name in names))
    note = (
        "score: share of the worlds of all runs that the run's agents beat, at 90 % wins; then of "
        "the worlds of each run"
    )
    return Table("cross", columns, rows, note)


def methods_table(found: CrossPopulation, methods: Sequence[str]) -> Table:
    """A row a method: the score of its runs, mean and standard error."""
    rows: list[list[Cell]] = []
    for method in dict.fromkeys(methods):
        scores = [found.scores[at] for at, other in enumerate(methods) if other == method]
        rows.append([method, len(scores), mean(scores)])
    return Table("cross-methods", ("method", "seeds", "score"), rows)
