"""The commands that check archives: digest, verify and diff."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from ..run_settings import settings_of
from ..terminal import CommandLine, errors, print_line
from ..versions import version_warning, versions
from . import options as o

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run

    from ..sessions import Machine

LONGEST = 100  # characters of a value that is printed

Scores = Annotated[
    bool,
    typer.Option("--scores", help="Simulate the last score of each niche again, and compare."),
]
Rescore = Annotated[
    str | None,
    typer.Option(
        metavar="EXPR", help="Only these niches for --scores; as for launch. Default: all."
    ),
]
Other = Annotated[str, typer.Argument(metavar="RUN", help="Another run folder or pack.")]


def digest(name: o.RunName) -> None:
    """Print the SHA-256 of everything in a run that must be reproducible.

    Genomes, weights, scores and events; clock times are left out. Runs with equal settings and
    seeds have equal digests, on any number of workers and however often they were resumed.
    """
    from openpoet.archive.store.digest import digest as digest_of
    from openpoet.archive.store.run_folder import Run, find_run

    with Run.open(find_run(name), write=False) as run:
        settings_of(run)
        print(digest_of(run))


def verify(
    name: o.RunName,
    scores: Scores = False,
    select: Rescore = None,
    device: o.Device = "auto",
    workers: o.Workers = None,
) -> None:
    """Check that nothing in a run or a pack was edited or damaged.

    The hash chain of its iterations, and the file of every agent. Of a pack of selected niches the
    hash of all its rows, and the agents that it has. With --scores the last evaluation of every
    niche is simulated again, too, and its score compared with the stored one; the exit code is 1
    if one differs.
    """
    from openpoet.archive.store.run_folder import Run, find_run

    if select is not None and not scores:
        raise ValueError("--select chooses niches for --scores: add it")
    with Run.open(find_run(name), write=False) as run:
        settings_of(run)
        last = run.verify()
        iterations = run.rows("iterations")
        agents = len(run.agent_names())
        if not iterations:
            print_line(f"{run.path} holds no iteration yet")
            return
        found = f"iterations 0 to {iterations[-1]['iteration']} are as they were written; last hash"
        if not run.complete:
            found = f"selected niches and {agents} agents are as they were exported; hash"
        print_line(f"{run.path}: {found} {last}")
        if scores:
            from ..sessions import Machine

            _verify_scores(run, select, Machine(device, workers))


def _verify_scores(run: Run, select: str | None, machine: Machine) -> None:
    """Print which scores differ, and how many do not. Exit code 1 if one differs."""
    from rich.progress import track

    from ..replays import replays_of
    from ..rescoring import rescored, scored_niches

    niches = scored_niches(run, select)
    replays = replays_of(run, machine, CommandLine())
    equal = 0
    title = f"{len(niches)} scores"
    with closing(replays.parts):
        again = rescored(replays, niches)
        for one in track(again, title, len(niches), console=errors, transient=True):
            equal += one.equal
            if not one.equal:
                print_line(f"niche {one.niche}: {one}")
    print_line(f"{equal} of {len(niches)} scores are those of the archive")
    if equal < len(niches):
        if warning := version_warning(run.versions(), versions()):
            CommandLine().warn(warning)
        raise typer.Exit(1)


def diff(left: o.RunName, right: Other) -> None:
    """Name the first difference between two runs: settings, then iteration, niche and value.

    What cannot change a result is left out, as in `digest`. The exit code is 0 if the runs are
    equal, and 1 if they differ.
    """
    from openpoet.archive.store.differences import first_difference
    from openpoet.archive.store.differences import settings as differing
    from openpoet.archive.store.run_folder import Run, find_run

    with (
        Run.open(find_run(left), write=False) as mine,
        Run.open(find_run(right), write=False) as its,
    ):
        for run in (mine, its):
            settings_of(run)
        found = differing(mine, its)
        for one in found:
            print_line(f"{one.name}: {_short(one.left)} | {_short(one.right)}")
        first = first_difference(mine, its)
    if first is not None:
        what = ", ".join(filter(None, [f"iteration {first.iteration}", first.what]))
        name = f"{first.name} " if first.name else ""
        print_line(f"first difference: {what}: {name}{_short(first.left)} | {_short(first.right)}")
    if first is not None or found:
        raise typer.Exit(1)
    print_line("no difference")


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
