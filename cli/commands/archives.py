"""The commands that check an archive, digest and verify, and that copy it, export and import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..packing import Packed
from ..run_settings import settings_of
from ..terminal import CommandLine, print_line
from . import options as o

PackFile = Annotated[
    Path | None, typer.Option("--out", help="The file; default: the run's name, with .poet.")
]
Sources = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Packs; run folders are taken, too.")
]
Target = Annotated[
    Path, typer.Option("--out", help="A run folder to be made; or a pack, if it ends in .poet.")
]
Kept = Annotated[
    str | None,
    typer.Option(
        metavar="EXPR",
        help='Only these niches, "alive and solved" for example, with their lineage; as for '
        "launch. Default: the whole run.",
    ),
]


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


def verify(name: o.RunName) -> None:
    """Check that nothing in a run was edited or damaged.

    The hash chain of its iterations, and the file of every agent. Of a pack of selected niches the
    hash of all its rows, and the agents that it has.
    """
    from openpoet.archive.store.run_folder import Run, find_run

    with Run.open(find_run(name), write=False) as run:
        settings_of(run)
        last = run.verify()
        iterations = run.rows("iterations")
        complete, agents = run.complete, len(run.agent_names())
    if not iterations:
        print_line(f"{run.path} holds no iteration yet")
        return
    if not complete:
        found = f"selected niches and {agents} agents are as they were exported"
        print_line(f"{run.path}: {found}; hash {last}")
        return
    found = f"iterations 0 to {iterations[-1]['iteration']} are as they were written"
    print_line(f"{run.path}: {found}; last hash {last}")


def export(name: o.RunName, select: Kept = None, out: PackFile = None) -> None:
    """Write a run, or some of its niches, to one file: a pack.

    It has their tasks, agents, ancestry, scores and transfers, and all settings, and is safe to
    open by whoever receives it. Every command that takes RUN takes a pack. With --select, the
    ancestors of the niches and the niches through which their agents came are kept without agents.

    Examples: `export runs/a`, `export runs/a --select "solved and best > 250" --out best.poet`.
    """
    from openpoet.archive.store.run_folder import Run, find_run

    from ..packing import export as write

    with Run.open(find_run(name), write=False) as run:
        report(write(run, select, out))


def import_packs(sources: Sources, out: Target) -> None:
    """Make a run folder, or another pack, of one or several packs.

    A pack of a whole run becomes that run again, which `resume` continues. The niches of several
    packs are numbered anew and name where they came from; `launch --from` starts a run from them.

    Examples: `import a.poet --out runs/a`, `import a.poet b.poet --out both.poet`.
    """
    from openpoet.archive.store.run_folder import find_run

    from ..packing import merge

    report(merge([find_run(source) for source in sources], out, CommandLine().command))


def report(packed: Packed) -> None:
    from openpoet.archive.store.limits import readable

    agents = f"{packed.with_agents} with agents"
    print_line(f"{packed.path}: {packed.niches} niches, {agents}, {readable(packed.size)}")
