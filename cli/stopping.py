"""Signals during a run: the current iteration is finished first, and a second signal stops at
once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from types import FrameType


class RunStopped(Exception):
    """A signal stopped the run; committed iterations are kept. Exit code 128 + signal."""

    def __init__(self, number: int) -> None:
        self.code = 128 + number


class Interrupts:
    """Notes whether Ctrl-C came, besides raising KeyboardInterrupt.

    Modules that are being imported may raise another error in its place.
    """

    came = False

    def __enter__(self) -> Interrupts:
        main = threading.current_thread() is threading.main_thread()
        self.ours = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self.ours:
            signal.signal(signal.SIGINT, self.note)
        return self

    def __exit__(self, *_: object) -> None:
        if self.ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def note(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        signal.default_int_handler(number, frame)


class StopRequest:
    """Notes signals, so that the current iteration is finished first; a second one stops at once.

    number: of the signal that came, or None. Python delivers signals to the main thread only;
    in other threads nothing is noted.
    """

    number: int | None = None

    def __init__(self, signals: Sequence[signal.Signals], notify: Callable[[str], None]) -> None:
        main = threading.current_thread() is threading.main_thread()
        self.signals, self.notify = signals if main else (), notify

    def __enter__(self) -> StopRequest:
        self.before = {number: signal.signal(number, self.note) for number in self.signals}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def note(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:
            raise RunStopped(number)
        self.number = number
        self.notify(
            "finishing this iteration; Ctrl-C again stops at once (the last finished "
            "iteration is kept)"
        )
