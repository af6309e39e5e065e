"""The command that repeats the papers' experiments: reproduce."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from ..terminal import print_error, print_line
from . import adapting
from . import options as o

Name = Annotated[
    str | None,
    typer.Argument(metavar="[NAME]", help="An experiment; without it, they are listed."),
]
OfRun = Annotated[
    str | None,
    typer.Argument(metavar="[RUN]", help="A run folder or a pack, or its name under runs/."),
]
Against = Annotated[
    str | None,
    typer.Option("--against", metavar="RUN", help="A second run: a control, or another method."),
]
Targets = Annotated[
    int,
    typer.Option(min=1, help="es-alone, ppo-alone: how many environments, those solved last."),
]
Repeats = Annotated[
    int, typer.Option(min=1, help="es-alone, ppo-alone: trainings from new weights in each.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the tables as CSV files.")]


def reproduce(
    name: Name = None,
    run: OfRun = None,
    against: Against = None,
    targets: Targets = 3,
    repeats: Repeats = 5,
    family: adapting.Family = None,
    learners: adapting.Learners = None,
    steps: adapting.Steps = None,
    seeds: adapting.Seeds = None,
    trials: adapting.Trials = None,
    runs_folder: adapting.Runs = None,
    changes: adapting.Changes = None,
    out_folder: Out = None,
    device: o.Device = "auto",
    workers: o.Workers = None,
) -> None:
    """Repeat an experiment of POET's papers on a run, with the paper's numbers beside.

    Without NAME, lists the experiments. no-transfer, es-alone and ppo-alone train their controls,
    which takes as long as the run or longer; adaptation takes no RUN and trains all that it
    compares; the others analyse what is stored.

    Examples: `reproduce difficulty runs/a`, `reproduce direct-path runs/poet --against runs/dr`,
    `reproduce adaptation --family navigation --learner rl2 --learner ppo`.
    """
    from openpoet.archive.store.run_folder import Run, find_run

    from ..experiment_data import Effort, scale
    from ..reproducing import ABOUT, ADAPTATION, EXPERIMENTS
    from ..sessions import Machine
    from ..table_files import print_table, write_csv

    if name is None:
        for known, one in EXPERIMENTS.items():
            print_line(f"{known:12} {one.about}")
        print_line(f"{ADAPTATION:12} {ABOUT}")
        return
    given = adapting.Given(family, learners, steps, seeds, trials, runs_folder, changes)
    if name == ADAPTATION:
        if run is not None or against is not None:
            raise ValueError("adaptation trains its own runs, in the folder --runs: leave RUN out")
        adapting.adaptation(given, Machine(device, workers), out_folder)
        return
    if name not in EXPERIMENTS:
        names = ", ".join([*EXPERIMENTS, ADAPTATION])
        raise ValueError(f"unknown experiment {name!r:.60}: there are {names}")
    adapting.check_unused(given, name)
    if run is None:
        raise ValueError(f"{name} analyses a stored run: name one, as in `reproduce {name} RUN`")
    with ExitStack() as stack:
        runs = [
            stack.enter_context(Run.open(find_run(text), write=False))
            for text in (run, against)
            if text is not None
        ]
        effort = Effort(targets, repeats, Machine(device, workers), print_error)
        other = runs[1] if against is not None else None
        found = EXPERIMENTS[name].of(runs[0], other, effort)
        line = scale(runs[0])
    for table in found.tables:
        print_table(table)
    for text in (*found.lines, line):
        print_line(text)
    if out_folder is not None:
        write_csv(out_folder, found.tables)
