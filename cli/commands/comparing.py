"""The command that compares runs: compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..terminal import print_line

Runs = Annotated[
    list[str], typer.Argument(metavar="RUN...", help="Run folders or packs, or names under runs/.")
]
Out = Annotated[Path, typer.Option("--out", help="Folder for the tables (CSV) and figures (PNG).")]
Budget = Annotated[
    int | None,
    typer.Option(
        min=1, help="Environment steps at which runs are compared; default: all have reached them."
    ),
]


def compare(runs: Runs, out_folder: Out = Path("comparison"), budget: Budget = None) -> None:
    """Compare runs at equal numbers of environment steps, grouped by method.

    A method is preset, curriculum and learner; its seeds are repeats, from which standard errors
    and intervals come. Prints tables, and writes them as CSV, with figures if matplotlib is
    installed.

    Examples: `compare runs/ppo-s1 runs/ppo-s2 runs/es-s1 runs/es-s2 --out ppo-or-es`.
    """
    from openpoet.archive.store.run_folder import find_run
    from openpoet.arena import budget as budgets
    from openpoet.arena import figures

    from ..comparing import progress_of
    from ..table_files import print_table, write_csv

    progress = progress_of([find_run(name) for name in runs])
    steps = budget or budgets.common_budget(progress)
    shown = [budgets.methods_table(progress, steps), budgets.runs_table(progress, steps)]
    for table in shown:
        print_table(table)
    write_csv(out_folder, [*shown, budgets.curves_table(progress)])
    if figures.available():
        figures.curves_figure(progress, out_folder / "curves.png")
    else:
        print_line(figures.MISSING)
