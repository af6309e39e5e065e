"""The command that compares runs: compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from . import options as o
from .evaluating import Episodes, Validation, Worlds

Runs = Annotated[
    list[str], typer.Argument(metavar="RUN...", help="Run folders or packs, or names under runs/.")
]
SuiteName = Annotated[
    str | None,
    typer.Option(
        "--suite",
        metavar="SUITE",
        help="Evaluate the agents of all runs on a suite (`list` names them), your own .json file, "
        "or a run or pack, whose niches are the worlds.",
    ),
]
Cross = Annotated[
    bool, typer.Option("--cross", help="Evaluate the agents of each run in the tasks of each run.")
]
Select = Annotated[
    str | None,
    typer.Option(metavar="EXPR", help='Which niches of the runs: "alive" (default), "solved".'),
]
Kind = Annotated[
    Literal["mean", "sampled"],
    typer.Option(help="mean: the most likely actions. sampled: as in training, where agents can."),
]
Out = Annotated[Path, typer.Option("--out", help="Folder for the tables (CSV) and figures (PNG).")]
Budget = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Environment steps at which runs are compared; default, and most: all have reached "
        "them.",
    ),
]


def compare(
    runs: Runs,
    suite: SuiteName = None,
    cross: Cross = False,
    out_folder: Out = Path("comparison"),
    budget: Budget = None,
    select: Select = None,
    episodes: Episodes = None,
    actions: Kind = "mean",
    validation: Validation = None,
    worlds: Worlds = None,
    device: o.Device = "auto",
    workers: o.Workers = None,
) -> None:
    """Compare runs at equal numbers of environment steps, grouped by method.

    A method is preset, curriculum and learner; its seeds are repeats, from which standard errors
    and intervals come. With --suite the runs' agents, as they are at the end, are evaluated on
    held-out worlds, with --cross in the worlds of all runs. Prints tables, and writes them as CSV,
    with figures if matplotlib is installed.

    Examples: `compare runs/ppo-s1 runs/ppo-s2 runs/es-s1 runs/es-s2 --cross`, `compare runs/*
    --suite dcd-6 --episodes 20`.
    """
    from openpoet.archive.store.run_folder import find_run
    from openpoet.arena.budget import common_budget

    from ..comparing import progress_of
    from ..comparison import Comparison, show
    from ..contests import Contest, across, on_suite
    from ..evaluate.batches import progress_lines
    from ..sessions import Machine

    if worlds is not None and suite is None:
        raise ValueError("--worlds takes worlds of a suite: give one with --suite")
    paths = [find_run(name) for name in runs]
    progress = progress_of(paths)
    at = common_budget(progress, budget)
    machine, say = Machine(device, workers), progress_lines()
    contest = Contest(select, episodes, actions, validation, worlds, machine, say)
    found = Comparison(
        progress,
        at,
        on_suite(paths, progress, suite, contest) if suite is not None else [],
        across(paths, contest) if cross else None,
    )
    show(found, out_folder)
