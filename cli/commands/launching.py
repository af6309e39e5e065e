"""The commands that run POET: launch, resume and fork."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..terminal import CommandLine
from . import options as o
from .options import Take

State = Annotated[
    str,
    typer.Argument(
        metavar="RUN[@ITERATION]", help="A run folder or pack, and one of its states; the last."
    ),
]
ForkOut = Annotated[
    Path | None, typer.Option("--out", help="Folder of the new run; default: runs/RUN_atITERATION.")
]


def launch(
    preset: o.Preset = None,
    family: o.Family = None,
    learner: o.Learner = None,
    out_folder: o.Out = None,
    seed: o.Seed = None,
    iterations: o.Iterations = None,
    tasks: o.Tasks = None,
    curriculum: o.Curriculum = None,
    pbt: o.Pbt = None,
    device: o.Device = "auto",
    workers: o.Workers = None,
    ray: o.Ray = None,
    source: o.From = None,
    select: o.Select = None,
    take: o.TakeFrom = Take.both,
    changes: o.Changes = None,
    config: o.Config = None,
    track: o.Track = None,
    watch: o.Watch = False,
) -> None:
    """Start a run.

    A run evolves tasks and trains an agent in each, and keeps everything in its folder. Press
    Ctrl-C to stop after the current iteration; `resume` continues.

    Examples: `launch`, `launch --preset epoet-paper --seed 7`, `launch --family cartpole
    --iterations 50`, `launch --from runs/a --select solved`.
    """
    from .. import sessions

    if (select is not None or take is not Take.both) and source is None:
        raise ValueError("--select and --take choose from the niches of --from RUN: say which run")
    settings = {
        "run.preset": preset,
        "run.family": family,
        "run.learner": learner,
        "run.iterations": iterations,
        "run.tasks": tasks,
        "run.curriculum": curriculum,
        "poet.seed": seed,
        "poet.pbt_every": pbt,
    }
    wanted = sessions.Launch(
        settings,
        changes or [],
        config,
        out_folder,
        None if source is None else sessions.Source(source, select, take),
        sessions.Machine(device, workers, ray),
        track or [],
    )
    sessions.launch(wanted, _frontend(watch))


def resume(
    name: o.RunFolder,
    iterations: o.Iterations = None,
    device: o.Device = "auto",
    changes: o.Changes = None,
    workers: o.Workers = None,
    ray: o.Ray = None,
    track: o.Track = None,
    watch: o.Watch = False,
) -> None:
    """Continue a run from its last iteration, however it ended.

    The result is that of a run which was never interrupted. Settings changed with --set are
    recorded with the iteration from which they hold.
    """
    from openpoet.archive.store.run_folder import find_run

    from .. import sessions

    machine = sessions.Machine(device, workers, ray)
    wanted = sessions.Resume(
        find_run(name), iterations, changes=changes or [], machine=machine, track=track or []
    )
    sessions.resume(wanted, _frontend(watch))


def fork(
    source: State,
    out_folder: ForkOut = None,
    iterations: o.Iterations = None,
    changes: o.Changes = None,
    device: o.Device = "auto",
    workers: o.Workers = None,
) -> None:
    """Start a new run from a state of another one, which stays as it is.

    States are kept with the setting run.keep_every; the last state of a run or pack always is one.
    Settings changed with --set apply from the next iteration on. Without changes, the new run ends
    as the other did.

    Examples: `fork runs/a@100`, `fork runs/a --iterations 500 --set poet.seed=8`.
    """
    from openpoet.archive.store.run_folder import find_run

    from .. import forking, sessions

    name, at = forking.place(source)
    machine = sessions.Machine(device, workers)
    wanted = forking.Fork(
        find_run(name), at, out_folder, iterations, changes=changes or [], machine=machine
    )
    forking.fork(wanted, CommandLine())


def _frontend(watch: bool) -> CommandLine:
    """The command's frontend; watch: with the run's page."""
    from ..watching import listen

    return CommandLine(listen("127.0.0.1", None) if watch else None)
