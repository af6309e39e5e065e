"""The commands that copy archives: export and import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..packing import Packed
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
Acting = Annotated[
    bool,
    typer.Option(
        "--acting",
        help="Keep only the latest agents, without training state such as an optimiser's moments: "
        "a small pack to show and to start runs from.",
    ),
]


def export(
    name: o.RunName, select: Kept = None, out: PackFile = None, acting: Acting = False
) -> None:
    """Write a run, or some of its niches, to one file: a pack.

    It has their tasks, agents, ancestry, scores and transfers, and all settings. Opening a pack
    executes nothing in it. Every command that takes RUN takes a pack. With --select, the ancestors
    of the niches and the niches through which their agents came are kept without agents.

    Examples: `export runs/a`, `export runs/a --select "solved and best > 250" --out best.poet`,
    `export runs/a --acting`.
    """
    from openpoet.archive.store.run_folder import Run, find_run

    from ..packing import export as write

    with Run.open(find_run(name), write=False) as run:
        report(write(run, select, out, acting=acting))


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
