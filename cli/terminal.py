"""The two consoles of the command line, and how it shows a run."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .output import Terminal, line
from .program import command

if TYPE_CHECKING:
    import socket

    from .frontend import Display
    from .progress import Activity

out = Terminal(highlight=False)
errors = Terminal(stderr=True, highlight=False)


def print_error(text: str) -> None:
    """One line on standard error."""
    errors.print(line(text), soft_wrap=True)


def print_line(text: str) -> None:
    """One line on standard output."""
    out.print(line(text), soft_wrap=True)


class CommandLine:
    """The frontend (frontend.Frontend) of the command: live progress, and hints as commands.

    page: a socket that listens; the page of a run is served on it while the run goes on.
    """

    signals = (signal.SIGINT, signal.SIGTERM)

    def __init__(self, page: socket.socket | None = None) -> None:
        self.page = page

    @property
    def command(self) -> list[str]:
        return sys.argv

    def display(self, path: Path, total: int, activity: Activity) -> Display:
        from .progress import Progress
        from .watching import Watched, address_of

        title = f"openpoet · {path} · stop with Ctrl-C, continue with: {self.resume(path)}"
        if self.page is None:
            return Progress(out, total=total, title=title, activity=activity)
        address = address_of(self.page)
        self.note(f"watch it at {address}")
        progress = Progress(out, total=total, title=f"{title} · {address}", activity=activity)
        return Watched(progress, path, self.page)

    def warn(self, text: str) -> None:
        errors.print(line(text, "yellow"), soft_wrap=True)

    def note(self, text: str) -> None:
        print_error(text)

    def resume(self, path: Path, iterations: int | None = None) -> str:
        more = [] if iterations is None else ["--iterations", str(iterations)]
        return command("resume", path, *more)

    def finished(self, path: Path) -> str:
        return f"look at it with `{command('watch', path)}` and `{command('show', path)}`"
