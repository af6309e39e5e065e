"""The commands of the game: play and inject."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..terminal import CommandLine, print_line
from . import options as o

AgentOf = Annotated[
    int | None,
    typer.Option(metavar="NICHE", help="Niche whose agent races; default: the niche's own."),
]
TaskFile = Annotated[
    Path | None, typer.Option("--task", metavar="TASK.json", help="Play this task, not a niche's.")
]
SaveAs = Annotated[
    Path | None,
    typer.Option("--out", metavar="TASK.json", help="File for `enter`; default: task_NICHE.json."),
]
Speed = Annotated[
    float, typer.Option(min=1 / 16, max=4.0, help="Speed of the simulation; 1 is real time.")
]


def play(
    name: o.RunName,
    niche: o.NicheId = None,
    agent: AgentOf = None,
    task: TaskFile = None,
    out: SaveAs = None,
    speed: Speed = 0.5,
) -> None:
    """Drive the body of a niche's task yourself, race its agent, and edit the task.

    A window opens; h lists the keys. Keys or a gamepad move the motors, or the number keys take
    discrete actions. The agent acts beside you in the same episode. tab edits the task, within the
    family's bounds; v shows any agent on it; enter saves it, for `play --task`, for
    `gymnasium.make("openpoet/Walker-v0", terrain=...)`, and for `inject`.
    """
    from openpoet.archive.replay.play import Table
    from openpoet.archive.replay.play import play as open_game
    from openpoet.archive.store.run_folder import find_run

    from ..program import program
    from ..replays import open_replays
    from ..sessions import Machine, one_torch_thread
    from ..task_files import read_task, write_task

    replays = open_replays(find_run(name), Machine("cpu", 1), CommandLine())
    chosen = replays.best if niche is None else niche
    racing = chosen if agent is None else agent
    start, family = replays.check(chosen).task, replays.parts.setup.family
    replays.acting(racing)
    if task is not None:
        start = read_task(task, family)
    file = out or Path(f"task_{chosen}.json")

    def save(made: object) -> str:
        write_task(file, made, family)
        print_line(f"saved {file}; to put it into the run: {program()} inject {name} {file}")
        return f"saved {file}"

    table = Table(family, replays.titles(), replays.evaluate, save, replays.parts.title)
    with one_torch_thread():
        open_game(table, start, racing, speed=speed)


Given = Annotated[
    Path, typer.Argument(metavar="TASK.json", help="A task, as `play` and `show --json` write it.")
]


def inject(name: o.RunFolder, file: Given) -> None:
    """Put a task into a run, as a candidate of its next reproduction.

    It must meet the minimal criterion like a mutation; its parent, whose agent is tried in it
    first, is the niche with the best score. The archive records the iteration, the task and the
    file's name, and `show` prints it. A run that is going takes it up by itself; else `resume` it.
    """
    from openpoet.archive.store.run_folder import Run, find_run

    from ..injections import check_accepts, put
    from ..run_settings import settings_of
    from ..task_files import read_task
    from ..wiring import make_family

    with Run.open(find_run(name), write=False) as run:
        check_accepts(run)
        family = make_family(settings_of(run), None)
        task = read_task(file, family)
        put(run, task, f"injected task {file.name}", family)
    print_line(f"{file} waits in {run.path} for its next reproduction")
