"""Listeners of a run's stream of events: TensorBoard, the file of JSON lines, and trackers.

What they write is not part of the archive: the first error of each is reported, and the run
continues without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from .json_lines import JsonLines
from .stopping import RunStopped
from .tensorboard_log import TensorBoard

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run

    from .events import Event
    from .output import Failures

TRACKERS = ("wandb", "mlflow")  # the packages for which there is a module NAME_log.py


class Listener(Protocol):
    """Writes events to a file or a service."""

    def write(self, events: Sequence[Event]) -> None:
        """The events of one iteration, in order, before the iteration is committed."""
        ...

    def close(self) -> None: ...


Open = Callable[[], Listener]


class Listeners:
    """The open listeners of a run, by what is named in reports of errors. A context manager."""

    def __init__(self, openers: Mapping[str, Open], failures: Failures) -> None:
        self.failures, self.opened = failures, dict[str, Listener]()
        for name, opener in openers.items():
            if (listener := self._tolerating(name, opener)) is not None:
                self.opened[name] = listener

    def write(self, events: Sequence[Event]) -> None:
        for name, listener in [*self.opened.items()]:
            self._tolerating(name, partial(listener.write, events))

    def __enter__(self) -> Listeners:
        return self

    def __exit__(self, *_: object) -> None:
        for name, listener in [*self.opened.items()]:
            self._tolerating(name, listener.close)

    def _tolerating(self, name: str, action: Callable[[], Any]) -> Any:
        """The result of the action; None after an error, which ends the listener."""
        try:
            return action()
        except RunStopped:  # a second signal
            raise
        except Exception as error:  # a tracker's package may raise anything
            self.failures.note(name, error)
            if (failed := self.opened.pop(name, None)) is not None:
                self._tolerating(name, failed.close)


def openers(run: Run, resume_at: int, track: Sequence[str]) -> dict[str, Open]:
    """The listeners of a run that continues after iteration `resume_at`, and its trackers."""
    tensorboard, lines = run.path / "tb", run.path / "events.jsonl"
    found: dict[str, Open] = {
        str(tensorboard): partial(TensorBoard, tensorboard, resume_at),
        str(lines): partial(JsonLines, lines, resume_at),
    }
    return found | {name: partial(_tracker, name, run) for name in track}


def _tracker(name: str, run: Run) -> Listener:
    """The packages are optional, and take long to import."""
    if name == "wandb":
        from .wandb_log import Wandb

        return Wandb(run)
    from .mlflow_log import Mlflow

    return Mlflow(run)


def check_trackers(track: Sequence[str]) -> None:
    """ValueError, one line, if a tracker is unknown or its package is not installed."""
    for name in track:
        if name not in TRACKERS:
            raise ValueError(f"track must be {' or '.join(TRACKERS)}, got {name!r}")
        if find_spec(name) is None:
            raise ValueError(
                f"tracking with {name} needs a package: pip install 'openpoet[{name}]'"
            )
