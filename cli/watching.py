"""Serving the page: of one run, of all runs under runs/, and beside a run that goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .page_data import open_page

if TYPE_CHECKING:
    import socket

    from openpoet.archive.page.site import Site

RUNS = Path("runs")


def runs_under(folder: Path) -> list[Path]:
    """The run folders directly in a folder; none if it is not there."""
    if not folder.is_dir():
        return []
    return [path.parent for path in folder.glob("*/archive.db") if not path.parent.is_symlink()]


def site_of(path: Path | None) -> Site:
    """The site of one run, or of all runs under runs/."""
    from openpoet.archive.page.site import Site

    folders: Callable[[], Sequence[Path]]
    folders = (lambda: runs_under(RUNS)) if path is None else (lambda: [path])
    return Site(folders, open_page)


def serve(site: Site, listening: socket.socket, ended: threading.Event) -> None:
    """Serve until `ended` is set."""
    from openpoet.archive.page.server import served

    with served(site, listening):
        ended.wait()
