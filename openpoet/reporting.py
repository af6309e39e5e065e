"""Reporting of runs started from Python: a callback, and the logger "openpoet"."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .cli.run_loop import RunFailedError as RunFailedError

if TYPE_CHECKING:
    from openpoet.poet.niche import Population

    from .cli.progress import Activity

LOG = logging.getLogger("openpoet")


@dataclass(frozen=True)
class Progress:
    """The state of a run after an iteration, which has been written to its archive.

    iteration: completed iterations. total: iterations at which the run ends.
    scores: the last score of each active niche by its id, in the family's units of return.
    steps: environment steps since the run's launch. seconds: wall-clock time of this iteration.
    """

    iteration: int
    total: int
    scores: Mapping[int, float]
    steps: int
    seconds: float


class PythonFrontend:
    """The frontend (cli/frontend.py) of the Python functions.

    called: the function that started the run, recorded in its archive. progress: called with a
    Progress after each iteration; an exception raised in it stops the run and is propagated.
    ValueError, one line, if it cannot be called.
    """

    signals = (signal.SIGINT,)

    def __init__(self, called: str, progress: Callable[[Progress], object] | None = None) -> None:
        if progress is not None and not callable(progress):
            raise ValueError(
                f"progress must be a function, which is called with an openpoet.Progress, or None, "
                f"got {progress!r:.60}"
            )
        self.command, self.progress = [called], progress

    def display(self, path: Path, total: int, activity: Activity) -> CallbackDisplay:
        return CallbackDisplay(self.progress, total, activity)

    def warn(self, text: str) -> None:
        LOG.warning(text)

    def note(self, text: str) -> None:
        LOG.info(text)

    def resume(self, path: Path, iterations: int | None = None) -> str:
        more = "" if iterations is None else f", iterations={iterations}"
        return f"openpoet.resume({str(path)!r}{more})"

    def finished(self, path: Path) -> str:
        return f"openpoet.open({str(path)!r})"


class CallbackDisplay:
    """The display (cli/frontend.py) that calls a function after each iteration."""

    def __init__(
        self, progress: Callable[[Progress], object] | None, total: int, activity: Activity
    ) -> None:
        self.progress, self.total, self.activity = progress, total, activity
        self.clock = time.monotonic()

    def __enter__(self) -> CallbackDisplay:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def begin(self, population: Population) -> None:
        self.clock = time.monotonic()

    def say(self, text: str) -> None:
        LOG.info(text)

    def update(self, population: Population, *, last: bool) -> None:
        now = time.monotonic()
        seconds, self.clock = now - self.clock, now
        if self.progress is None:
            return
        scores = {niche.id: niche.scores[-1] for niche in population.active if niche.scores}
        self.progress(
            Progress(population.iteration, self.total, scores, self.activity.steps, seconds)
        )
