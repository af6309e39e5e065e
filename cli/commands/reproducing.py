"""The command that repeats the papers' experiments: reproduce."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from ..terminal import print_error, print_line
from . import options as o

if TYPE_CHECKING:
    from ..experiment_data import Effort
    from ..sessions import Machine

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
Out = Annotated[
    Path | None,
    typer.Option("--out", help="Folder for the tables as CSV files, and figures if there are any."),
]
Family = Annotated[
    str | None, typer.Option(help="adaptation: navigation (default), maze or walker.")
]
Learners = Annotated[
    list[str] | None,
    typer.Option("--learner", help="adaptation: a learner to train; repeatable. Default: seven."),
]
Steps = Annotated[
    int | None,
    typer.Option(min=1, help="adaptation: environment steps of each training; default: 3,000,000."),
]
Seeds = Annotated[
    list[int] | None,
    typer.Option(
        "--seed", min=0, help="adaptation: a training seed; repeatable. Default: 1, 2, 3."
    ),
]
Trials = Annotated[
    int | None,
    typer.Option(min=2, help="adaptation: trials in each world of a test; default: 100."),
]
Runs = Annotated[
    Path | None,
    typer.Option("--runs", help="adaptation: folder of its runs; default: runs/adaptation-FAMILY."),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="SECTION.KEY=VALUE",
        help="adaptation: a setting of all trainings that have the section; repeatable.",
    ),
]


def reproduce(
    name: Name = None,
    run: OfRun = None,
    against: Against = None,
    targets: Targets = 3,
    repeats: Repeats = 5,
    family: Family = None,
    learners: Learners = None,
    steps: Steps = None,
    seeds: Seeds = None,
    trials: Trials = None,
    runs: Runs = None,
    changes: Changes = None,
    out_folder: Out = None,
    device: o.Device = "auto",
    workers: o.Workers = None,
) -> None:
    """Repeat an experiment of POET's papers on a run, with the paper's numbers beside.

    Without NAME, lists the experiments. no-transfer, es-alone and ppo-alone train their controls,
    which takes as long as the run or longer. adaptation takes no RUN: it trains all that it
    compares. The others analyse what is stored.

    Examples: `reproduce difficulty runs/a`, `reproduce direct-path runs/poet --against runs/dr`,
    `reproduce adaptation --family navigation --learner rl2 --learner ppo`.
    """
    from ..experiment_data import Effort
    from ..reproducing import ADAPTATION, EXPERIMENTS
    from ..sessions import Machine

    experiments = {known: one.about for known, one in EXPERIMENTS.items()} | ADAPTATION
    if name is None:
        for known, about in experiments.items():
            print_line(f"{known:12} {about}")
        return
    if name not in experiments:
        raise ValueError(f"unknown experiment {name!r:.60}: there are {', '.join(experiments)}")
    machine = Machine(device, workers)
    trainings = family, learners, steps, seeds, trials, runs, changes
    if name in ADAPTATION:
        if run is not None or against is not None:
            raise ValueError("adaptation trains its own runs, in the folder --runs: leave RUN out")
        _adaptation(_Trainings(*trainings), machine, out_folder)
        return
    if any(value is not None for value in trainings):
        raise ValueError(
            "--family, --learner, --steps, --seed, --trials, --runs and --set belong to the "
            f"experiment adaptation: leave them out of {name}"
        )
    _stored(name, (run, against), Effort(targets, repeats, machine, print_error), out_folder)


class _Trainings(NamedTuple):
    """The options of the experiment adaptation; None: not given."""

    family: str | None
    learners: list[str] | None
    steps: int | None
    seeds: list[int] | None
    trials: int | None
    runs: Path | None
    changes: list[str] | None


def _adaptation(given: _Trainings, machine: Machine, out_folder: Path | None) -> None:
    from openpoet.arena import figures

    from ..adaptation import LEARNERS, Design, conducted
    from ..adaptation_runs import Trainings
    from ..adaptation_settings import TrainingSettings
    from ..table_files import print_table, write_csv

    family = given.family or "navigation"
    settings = TrainingSettings(family, given.steps or 3_000_000, given.changes or [])
    folder = given.runs or Path("runs") / f"adaptation-{family}"
    trainings = Trainings(settings, folder, machine, print_error)
    learners, seeds = given.learners or LEARNERS, given.seeds or [1, 2, 3]
    found = conducted(Design(trainings, learners, seeds, given.trials or 100))
    printed = list(found.printed())
    for table in printed:
        print_table(table)
    for text in found.lines():
        print_line(text)
    if out_folder is not None:
        write_csv(out_folder, [*printed, *found.others()])
        if figures.available():
            found.draw(out_folder)
        else:
            print_line(figures.MISSING)


def _stored(
    name: str, names: tuple[str | None, str | None], effort: Effort, out_folder: Path | None
) -> None:
    """An experiment on a stored run, and a second one if it is named."""
    from openpoet.archive.store.run_folder import Run, find_run

    from ..experiment_data import scale
    from ..reproducing import EXPERIMENTS
    from ..table_files import print_table, write_csv

    run, against = names
    if run is None:
        raise ValueError(f"{name} analyses a stored run: name one, as in `reproduce {name} RUN`")
    with ExitStack() as stack:
        runs = [
            stack.enter_context(Run.open(find_run(text), write=False))
            for text in (run, against)
            if text is not None
        ]
        other = runs[1] if against is not None else None
        found = EXPERIMENTS[name].of(runs[0], other, effort)
        line = scale(runs[0])
    for table in found.tables:
        print_table(table)
    for text in (*found.lines, line):
        print_line(text)
    if out_folder is not None:
        write_csv(out_folder, found.tables)
