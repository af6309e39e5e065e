"""A comparison of runs, whole: its tables and figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .table_files import new_folder, print_table, write_csv
from .terminal import print_line

if TYPE_CHECKING:
    from openpoet.arena.budget import Progress
    from openpoet.arena.cross_population import CrossPopulation
    from openpoet.arena.suite_comparison import Result
    from openpoet.arena.tables import Table


TABLES = (
    "methods", "runs", "curves", "suite", "suite-worlds", "improvement", "profile", "risk",
    "cross", "cross-methods",
)  # fmt: skip
FIGURES = ("curves", "profile", "risk", "cross")
FILES = (*(f"{name}.csv" for name in TABLES), *(f"{name}.png" for name in FIGURES))


def prepare(folder: Path) -> None:
    """Create the folder of a comparison, without the files of an earlier one; others stay."""
    new_folder(folder)
    for path in (folder / name for name in FILES):
        if path.is_file() or path.is_symlink():
            path.unlink()


@dataclass(frozen=True)
class Comparison:
    """budget: environment steps at which runs are compared. results: on a suite, empty without one.
    cross: None: it was not asked for.
    """

    runs: list[Progress]
    budget: int
    results: list[Result]
    cross: CrossPopulation | None

    def printed(self) -> Iterator[Table]:
        """The tables for the terminal."""
        from openpoet.arena import budget, cross_tables, suite_comparison

        yield budget.methods_table(self.runs, self.budget)
        yield budget.runs_table(self.runs, self.budget)
        if self.results:
            yield suite_comparison.suite_table(self.results)
            yield suite_comparison.improvement_table(self.results)
            if self.has_risk:
                yield suite_comparison.risk_table(self.results)
        if self.cross is not None:
            methods = [run.method for run in self.runs]
            names = [run.name for run in self.runs]
            yield cross_tables.cross_table(self.cross, names, methods)
            yield cross_tables.methods_table(self.cross, methods)

    def others(self) -> Iterator[Table]:
        """The tables that are files only."""
        from openpoet.arena import budget, suite_comparison

        yield budget.curves_table(self.runs)
        if self.results:
            yield suite_comparison.worlds_table(self.results)
            yield suite_comparison.profile_table(self.results)

    @property
    def evaluated(self) -> str:
        """Which agents were evaluated, in one line; empty if none were."""
        if not self.results and self.cross is None:
            return ""
        ends = [int(run.steps[-1]) for run in self.runs]
        return (
            "evaluated agents are those at the end of each run, after "
            f"{min(ends):,} to {max(ends):,} steps"
        )

    @property
    def has_risk(self) -> bool:
        """Risk needs episodes that rank the worlds and others that are measured."""
        entries = (entry for result in self.results for entry in result.ways.values())
        return bool(self.results) and min(entry.solved.shape[1] for entry in entries) >= 2

    def draw(self, folder: Path) -> list[str]:
        """Write the figures as PNG files; their names. They need matplotlib."""
        from openpoet.arena import figures
        from openpoet.arena.suite_comparison import CHOSEN, MEAN, profiles, risks, ways_of

        figures.curves_figure(self.runs, folder / "curves.png")
        if self.results:
            way = CHOSEN if CHOSEN in ways_of(self.results) else MEAN
            thresholds, shares = profiles(self.results, way)
            labels = f"return ({way})", "share of seeds and worlds above"
            figures.lines_figure(shares, thresholds.tolist(), labels, folder / "profile.png")
            if self.has_risk:
                alphas, values = risks(self.results, way)
                labels = "worst share of the worlds", f"solved episodes in them ({way})"
                path = folder / "risk.png"
                figures.lines_figure(values, alphas, labels, path, logarithmic=True)
        if self.cross is not None:
            names = [run.name for run in self.runs]
            figures.matrix_figure(names, self.cross.shares, folder / "cross.png")
        return [f"{name}.png" for name in FIGURES if (folder / f"{name}.png").is_file()]


def show(found: Comparison, folder: Path) -> None:
    """Print the tables of a comparison, and write them and, with matplotlib, its figures."""
    from openpoet.arena import figures

    printed = list(found.printed())
    for table in printed:
        print_table(table)
    if found.evaluated:
        print_line(found.evaluated)
    prepare(folder)
    drawn = found.draw(folder) if figures.available() else []
    write_csv(folder, [*printed, *found.others()], drawn)
    if not drawn:
        print_line(figures.MISSING)
