"""Export of runs as packs, and import of packs into run folders or other packs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .parts import Tables, check_complete, make_part
from .plugin_files import trusted
from .run_settings import settings_of
from .training_state import stripped
from .wiring import make_family

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run


@dataclass(frozen=True)
class Packed:
    """What was written: a pack or a folder, its niches, those with agents, and its size [bytes]."""

    path: Path
    niches: int
    with_agents: int
    size: int


def export(
    run: Run, select: str | None = None, out: Path | None = None, *, acting: bool = False
) -> Packed:
    """Write niches of an open run to one file, by default NAME.poet in the current folder.

    select: an expression that chooses niches; None: all. acting: keep the latest agents only,
    without training state (training_state.py). ValueError or FileExistsError, one line;
    nothing is left of a pack that could not be completed.
    """
    from openpoet.archive.packs.excerpt import excerpt
    from openpoet.archive.packs.files import SUFFIX, write_pack

    tables = settings_of(run)
    path = out or Path(f"{run.path.absolute().name.removesuffix(SUFFIX)}{SUFFIX}")
    trim = partial(stripped, learner_of(tables)) if acting else None
    write_pack(path, excerpt(run, select, trim).content())
    return written(path)


def learner_of(tables: Tables) -> Any:
    """The learner of a run's settings."""
    tables = trusted(tables)
    check_complete(tables)
    return make_part("learner", tables, 1, make_family(tables, 1))


def merge(sources: Sequence[Path], out: Path, command: Sequence[str]) -> Packed:
    """Write the niches of packs or runs to a run folder, or to a pack if `out` ends in .poet."""
    from openpoet.archive.packs.files import SUFFIX, write_folder, write_pack
    from openpoet.archive.packs.merging import content
    from openpoet.archive.store.run_folder import Run

    from .settings.tables import to_toml

    with ExitStack() as stack:
        runs = [stack.enter_context(Run.open(path, write=False)) for path in sources]
        for run in runs:
            settings_of(run)
        merged = content(runs)
        if out.suffix == SUFFIX:
            write_pack(out, merged)
        else:
            config = to_toml(runs[0].settings(launched=True))
            write_folder(out, merged, config, command, runs[0].versions())
    return written(out)


def written(path: Path) -> Packed:
    """What a pack or folder holds, read back."""
    from openpoet.archive.store.run_folder import Run

    with Run.open(path, write=False) as run:
        names = [row["agent"] for row in run.niche_rows()]
        held = sum(run.complete or run.agents.holds(name) for name in names)
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return Packed(path, len(names), held, sum(file.stat().st_size for file in files))
