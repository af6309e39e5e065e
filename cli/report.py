"""Writing a report: which niches have poses in it, and the replays for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from openpoet.whole_files import check_writable

from .page_data import open_page
from .page_replays import RAYS
from .plugin_files import refusal

if TYPE_CHECKING:
    from openpoet.archive.page.view import RunView


@dataclass(frozen=True)
class Written:
    """A report that was written. left_out: blocks that did not fit."""

    path: Path
    size: int  # bytes
    poses: int  # replays that are in it
    left_out: int


def write_report(
    run_folder: Path, path: Path, select: str | None, note: Callable[[str], None]
) -> Written:
    """Write the report of a run or pack.

    select: expression for the niches whose poses are in it; None: those alive, and if there are
    none those that have agents. note: called with a line for what takes long, or cannot be in it.
    """
    from openpoet.archive.page.report import Report, fill
    from openpoet.archive.page.view import RunView

    check_writable(path)  # the replays of a report can take minutes
    run, about, replays = open_page(run_folder)
    try:
        view, report = RunView(run, about), Report()
        ids = _youngest_first(view, select)
        reason = refusal(replays.tables)
        if reason:
            note(f"the report is without poses: {reason}")
        fill(report, view, ids, None if reason else partial(replays.now, view, without=RAYS))
        poses = sum('id="data-replay-' in block[:60] for block in report.blocks)
        if not poses and not reason:
            why = "those chosen have no agents, or do not fit" if ids else "no niche was chosen"
            note(f"no agent walks in the report: {why}; `--poses true` takes every niche")
        return Written(path, report.write(path), poses, report.left_out)
    finally:
        run.close()


def _youngest_first(view: RunView, select: str | None) -> list[int]:
    """The niches for which the expression holds; None: see write_report."""
    from openpoet.archive.page.details import chosen
    from openpoet.archive.store.measures import evaluated

    ids: list[int] = chosen(view, select or "alive")["ids"]
    if select is None and not ids:
        with view.lock, view.run.snapshot():
            ids = [niche["id"] for niche in evaluated(view.run)]
    return ids[::-1]


def write_film(run_folder: Path, path: Path) -> int:
    """Write the family tree of a run as a film; the number of its pictures."""
    from openpoet.archive.page.film import film_tree
    from openpoet.archive.page.view import RunView

    run, about, _ = open_page(run_folder)
    try:
        return film_tree(RunView(run, about).view(pictures=None), path)
    finally:
        run.close()
