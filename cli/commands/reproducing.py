"""The command that repeats the papers' experiments: reproduce."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..terminal import CommandLine, print_error, print_line
from . import adapting
from . import options as o

if TYPE_CHECKING:
    from ..experiment_data import Effort

Name = Annotated[
    str | None,
    typer.Argument(metavar="[NAME]", help="An experiment; without it, they are listed."),
]
OfRun = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]",
        help="A run folder or a pack, or its name under runs/; without it, the experiment makes "
        "a run of its own.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, help="Seed of the run that the experiment makes, in place of RUN; 1."),
]
Preset = Annotated[
    str | None,
    typer.Option(help="Preset of that run; by default the experiment's reduced scale."),
]
Against = Annotated[
    str | None,
    typer.Option("--against", metavar="RUN", help="A second run: a control, or another method."),
]
Targets = Annotated[
    int,
    typer.Option(
        min=1,
        help="es-alone, ppo-alone: how many environments, those solved last; direct-path: in each "
        "class.",
    ),
]
Repeats = Annotated[
    int,
    typer.Option(min=1, help="es-alone, ppo-alone, direct-path: trainings from new weights each."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="Folder for the tables as CSV files, and for a run that is made."),
]
Film = Annotated[
    Path | None,
    typer.Option(
        help="transfers: write a .mp4 or .gif file of the transfer that helped most, the agent "
        "before it beside the agent after it."
    ),
]


def reproduce(
    name: Name = None,
    run: OfRun = None,
    against: Against = None,
    targets: Targets = 3,
    repeats: Repeats = 5,
    out_folder: Out = None,
    film: Film = None,
    seed: Seed = None,
    preset: Preset = None,
    iterations: o.Iterations = None,
    changes: o.Changes = None,
    family: adapting.Family = None,
    learners: adapting.Learners = None,
    steps: adapting.Steps = None,
    seeds: adapting.Seeds = None,
    trials: adapting.Trials = None,
    runs_folder: adapting.Runs = None,
    device: o.Device = "auto",
    workers: o.Workers = None,
) -> None:
    """Repeat an experiment of POET's papers on a run, with the paper's numbers beside.

    Without NAME, lists the experiments. Without RUN, makes a run at the experiment's reduced scale
    in runs/, or continues it. no-transfer, es-alone, ppo-alone and direct-path train their
    controls, which takes as long as the run or longer; adaptation takes no RUN and trains all that
    it compares; the others analyse what is stored.

    Examples: `reproduce difficulty --seed 1`, `reproduce no-transfer runs/a`,
    `reproduce direct-path runs/poet --against runs/dr`, `reproduce adaptation --learner rl2`.
    """
    from ..experiment_data import Effort
    from ..own_runs import Wanted, made
    from ..reproducing import ADAPTATION
    from ..sessions import Machine

    if name is None:
        _print_experiments()
        return
    machine = Machine(device, workers)
    own = adapting.Given(family, learners, steps, seeds, trials, runs_folder)
    options = {"--seed": seed, "--preset": preset, "--iterations": iterations}
    if name == ADAPTATION:
        adapting.check_others({"RUN": run, "--against": against, **options, "--film": film})
        adapting.adaptation(own, changes or [], machine, out_folder)
        return
    _check_name(name)
    adapting.check_unused(own, name)
    given = [key for key, value in {**options, "--set": changes}.items() if value is not None]
    if run is not None and given:
        raise ValueError(f"{given[0]} is of a run that is made, and RUN is there: leave one out")
    if film is not None:
        _check_film(name, film)
    if run is None:
        wanted = Wanted(1 if seed is None else seed, preset, iterations, changes or [])
        run = str(made(name, wanted, out_folder or Path("runs"), machine, CommandLine()))
    effort = Effort(targets, repeats, machine, print_error, film)
    _conduct(name, (run, against), effort, out_folder)


def _print_experiments() -> None:
    from ..reproducing import ABOUT, ADAPTATION, EXPERIMENTS

    for known, one in EXPERIMENTS.items():
        print_line(f"{known:12} {one.about}")
    print_line(f"{ADAPTATION:12} {ABOUT}")


def _check_name(name: str) -> None:
    from ..reproducing import ADAPTATION, EXPERIMENTS

    if name not in EXPERIMENTS:
        names = ", ".join([*EXPERIMENTS, ADAPTATION])
        raise ValueError(f"unknown experiment {name!r:.60}: there are {names}")


def _conduct(
    name: str, runs: tuple[str, str | None], effort: Effort, out_folder: Path | None
) -> None:
    """Print an experiment's tables and lines, and write the tables. runs: RUN and --against."""
    from openpoet.archive.store.run_folder import Run, find_run

    from ..experiment_data import scale
    from ..reproducing import EXPERIMENTS
    from ..table_files import print_table, write_csv

    with ExitStack() as stack:
        run, other = (
            None if text is None else stack.enter_context(Run.open(find_run(text), write=False))
            for text in runs
        )
        assert run is not None, "RUN was given, or a run was made"
        found = EXPERIMENTS[name].of(run, other, effort)
        line = scale(run)
    for table in found.tables:
        print_table(table)
    for text in (*found.lines, line):
        print_line(text)
    if out_folder is not None:
        write_csv(out_folder, found.tables)


def _check_film(name: str, film: Path) -> None:
    """ValueError, before a run is made, if the experiment has no film or films have other names."""
    from openpoet.archive.replay.recording import format_of

    if name != "transfers":
        raise ValueError(f"--film is of the experiment transfers, {name} has no film: leave it out")
    format_of(film)
