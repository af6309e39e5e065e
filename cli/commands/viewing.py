"""The commands that look at a run: show and replay."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..run_settings import settings_of
from ..terminal import CommandLine, out, print_line
from ..wiring import titles, whole_task
from . import options as o

if TYPE_CHECKING:
    from ..replays import Replays

AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Of a run: everything. Of a niche: its task, as openpoet/Walker-v0 takes it.",
    ),
]
Chosen = Annotated[
    str | None,
    typer.Option(metavar="EXPR", help='Only these niches: "alive and solved"; as for launch.'),
]
Whole = Annotated[
    bool, typer.Option("--all", help="All niches, not the 30 best where there are more.")
]
AgentOf = Annotated[
    int | None,
    typer.Option(metavar="NICHE", help="Niche whose agent acts; default: the niche's own."),
]
Compared = Annotated[
    int | None,
    typer.Option(
        metavar="TRIAL",
        min=1,
        help="Show the first and the last episode of this trial (1 is the first) side by side, "
        "before and after the agent has adapted.",
    ),
]
Film = Annotated[
    Path | None, typer.Option(help="Write a .mp4 or .gif file instead; needs no display.")
]


def show(
    name: o.RunName,
    niche: o.NicheId = None,
    as_json: AsJson = False,
    select: Chosen = None,
    whole: Whole = False,
) -> None:
    """Print a run, or one niche of it.

    Of a run: niches, lineage, scores, transfers, ANNECS and environment steps by purpose. Of a
    niche: its task, scores, ancestors, hyperparameters and transfers.
    """
    from openpoet.archive.store.run_folder import Run, find_run

    from ..show import as_json as json_of
    from ..show import niche_row, overview
    from ..show_niche import one

    with Run.open(find_run(name), write=False) as run:
        tables = settings_of(run)
        if niche is None and as_json:
            for piece in json_of(run, tables):
                print(piece, end="")
            return
        if niche is None:
            pieces = overview(run, titles(tables), select, whole)
        else:
            row = niche_row(run, niche)
            if as_json:
                print(json.dumps(whole_task(tables, row["task"]), indent=1))
                return
            held = run.complete or run.agents.holds(row["agent"])
            agent = run.agent(row["agent"]) if held else {}
            pieces = one(run, niche, titles(tables), agent)
        for part in pieces:
            out.print(part)


def replay(
    name: o.RunName,
    niche: o.NicheId = None,
    agent: AgentOf = None,
    record: Film = None,
    compare_episodes: Compared = None,
    device: o.Device = "auto",
    workers: o.Workers = None,
) -> None:
    """Watch an agent in a niche, in a window (h lists the keys) or as a film.

    The evaluation is simulated again; its score equals the one in the archive. By default the
    niche with the best score is shown, and its episodes one after another; of the museum the
    youngest niche, from a recording until the simulator is compiled.
    """

    def opened() -> Replays:
        from openpoet.archive.store.run_folder import find_run

        from ..replays import open_replays
        from ..sessions import Machine

        return open_replays(find_run(name), Machine(device, workers), CommandLine())

    if (agent, record, compare_episodes) == (None, None, None):
        from ..recorded import view_recorded

        if view_recorded(name, niche, opened):
            return
    replays = opened()
    start = replays.best if niche is None else niche
    replays.check(start)
    replays.acting(start if agent is None else agent)
    if record is None:
        _view(replays, start, agent, compare_episodes)
    else:
        _record(replays, (start, start if agent is None else agent), record, compare_episodes)


def _view(replays: Replays, start: int, agent: int | None, trial: int | None) -> None:
    """Open the window; trial: number of the trial that is shown first, side by side."""
    from openpoet.archive.replay.side_by_side import first_and_last, one_by_one
    from openpoet.archive.replay.viewer import view

    from ..sessions import one_torch_thread

    shots = one_by_one if trial is None else partial(first_and_last, trial=trial)
    with one_torch_thread():
        view(replays.load, replays.titles(), start, agent, shots=shots)


def _record(replays: Replays, pair: tuple[int, int], file: Path, trial: int | None) -> None:
    """Write a film of the agent of the pair's second niche in the first."""
    from openpoet.archive.replay.recording import record
    from openpoet.archive.replay.side_by_side import first_and_last

    from ..sessions import one_torch_thread

    with one_torch_thread():
        episode = replays.load(*pair)
        compared = None if trial is None else first_and_last(episode, trial)[:1]
        pictures = record(episode, file, takes=compared)
    solved = ", solved" if episode.solved else ""
    print_line(f"{file}: {pictures} pictures, score {episode.score:.2f}{solved}")
