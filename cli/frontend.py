"""What differs between the ways to start a run: the command line and the Python functions.

A frontend displays a run while it iterates, receives warnings, and words the hints in messages:
the command line prints commands, the library Python calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from signal import Signals
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from openpoet.poet.niche import Population

    from .progress import Activity


class Display(Protocol):
    """Shows a run while it iterates; a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def begin(self, population: Population) -> None:
        """The population from which the run starts or continues."""
        ...

    def say(self, text: str) -> None:
        """One line about what happened in an iteration."""
        ...

    def update(self, population: Population, *, last: bool) -> None:
        """The population after one more iteration, which has been committed."""
        ...


class Frontend(Protocol):
    """The receiver of a run's progress and warnings."""

    @property
    def command(self) -> Sequence[str]:
        """What started the run, as recorded in its archive."""
        ...

    @property
    def signals(self) -> Sequence[Signals]:
        """Signals after which a run finishes its iteration and stops."""
        ...

    def display(self, path: Path, total: int, activity: Activity) -> Display:
        """A display for the run in folder `path`, which ends after `total` iterations."""
        ...

    def warn(self, text: str) -> None:
        """One line about a problem that does not stop the run."""
        ...

    def note(self, text: str) -> None:
        """One line about the state of the program, such as compiling, stopping or ending."""
        ...

    def resume(self, path: Path, iterations: int | None = None) -> str:
        """How to continue the run, as a command or a call."""
        ...

    def finished(self, path: Path) -> str:
        """How to look at the run, as commands or calls."""
        ...
