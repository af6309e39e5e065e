"""Kept states of a run: packs of the whole run as it was, every N iterations, in `states/`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run

FOLDER = "states"


def keep(run: Run, iteration: int) -> str:
    """Keep the present state of an open run, that of this iteration; one line about it, empty if
    it is kept already.
    """
    from openpoet.archive.packs.excerpt import whole
    from openpoet.archive.packs.files import write_pack
    from openpoet.archive.store.files import make_folder
    from openpoet.archive.store.limits import readable

    path = _path(run.path, iteration)
    if path.is_file():
        return ""
    make_folder(path.parent)
    part = whole(run)
    size = write_pack(path, part.content())
    total = sum(state.stat().st_size for state in kept(run.path).values())
    return f"state kept: {path}, {readable(size)}; all states {readable(total)}"


def kept(run: Path) -> dict[int, Path]:
    """The kept states of the run in that folder, by iteration."""
    paths = sorted((run / FOLDER).glob("*.poet"))
    return {int(path.stem): path for path in paths if path.stem.isdecimal() and path.is_file()}


def state_of(run: Path, iteration: int | None) -> Path:
    """The archive whose last iteration is this one: the run or pack itself, or a kept state.

    None: the last. ValueError, one line, if that state was not kept.
    """
    from openpoet.archive.store.run_folder import Run

    with Run.open(run, write=False) as opened:
        last = opened.last_iteration()
    if iteration in (None, last):
        return run
    if iteration in (states := {} if run.is_file() else kept(run)):
        return states[iteration]
    there = ", ".join(map(str, (*states, last)))
    raise ValueError(
        f"{run} has no state of iteration {iteration}: it has those of {there}; run.keep_every=N "
        "keeps one every N iterations"
    )


def _path(run: Path, iteration: int) -> Path:
    return run / FOLDER / f"{iteration:06d}.poet"
