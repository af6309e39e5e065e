"""The two consoles of the command line, and how it shows a run."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .output import Terminal, line
from .program import command

if TYPE_CHECKING:
    from .progress import Activity, Progress

out = Terminal(highlight=False)
errors = Terminal(stderr=True, highlight=False)


def print_error(text: str) -> None:
    """One line on standard error."""
    errors.print(line(text), soft_wrap=True)


def print_line(text: str) -> None:
    """One line on standard output."""
    out.print(line(text), soft_wrap=True)


class CommandLine:
    """The frontend (frontend.Frontend) of the command: live progress, and hints as commands."""

    signals = (signal.SIGINT, signal.SIGTERM)

    @property
    def command(self) -> list[str]:
        return sys.argv

    def display(self, path: Path, total: int, activity: Activity) -> Progress:
        from .progress import Progress

        title = f"openpoet · {path} · stop with Ctrl-C, continue with: {self.resume(path)}"
        return Progress(out, total=total, title=title, activity=activity)

    def warn(self, text: str) -> None:
        errors.print(line(text, "yellow"), soft_wrap=True)

    def note(self, text: str) -> None:
        print_error(text)

    def resume(self, path: Path, iterations: int | None = None) -> str:
        more = [] if iterations is None else ["--iterations", str(iterations)]
        return command("resume", path, *more)

    def finished(self, path: Path) -> str:
        return f"look at it with `{command('show', path)}` and `{command('replay', path)}`"
