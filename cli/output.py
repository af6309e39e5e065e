"""Text for terminals and logs: escaping, and streams whose errors are tolerated.

Everything printed or logged goes through `printable` or `line`, since a terminal would interpret
control characters. What is only for looking at (standard output, standard error, run.log,
TensorBoard's events) must not stop a run: its first error is reported, and the run continues.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Literal

from openpoet.archive.store.printable import printable
from rich.console import Console
from rich.text import Text

LONGEST = 1000  # characters of an error's message


def line(text: str, style: str = "") -> Text:
    """One line to print: escaped, and without rich's markup or emoji codes."""
    return Text(printable(text), style=style)


def described(error: BaseException) -> str:
    """An error in one line: its type and message; of a ValueError or OSError, the message alone.

    Those are raised with a message for the user. That of a KeyError, for example, is only the key.
    """
    text = " ".join(str(error).split())
    if len(text) > LONGEST:
        text = text[:LONGEST] + "..."  # a message may repeat a value from a file
    if isinstance(error, (ValueError, OSError)) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def reason(error: BaseException) -> str:
    """The system's words for an error of a file or stream, or the error in one line."""
    return (error.strerror if isinstance(error, OSError) else None) or described(error)


class Failures:
    """Reports the first error of each output that is tolerated."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self.report = report
        self.known: set[str] = set()

    def note(self, output: str, error: BaseException) -> None:
        if output not in self.known:
            self.known.add(output)
            self.report(f"cannot write {output} ({reason(error)}); the run continues without it")


class TolerantStream:
    """A text stream in the place of sys.stdout or sys.stderr that drops all after its first error.

    error: that error, or None. report: called with it.
    """

    def __init__(self, stream: IO[str], report: Callable[[Exception], None] | None = None) -> None:
        self.stream, self.report = stream, report
        self.error: Exception | None = None

    def write(self, text: str) -> int:
        self._attempt(lambda: self.stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._attempt(self.stream.flush)

    def _attempt(self, action: Callable[[], Any]) -> None:
        if self.error is not None:
            return
        try:
            action()
        except RuntimeError:
            pass  # a signal handler printed while the stream was being written: its text is dropped
        except (OSError, ValueError) as error:  # ValueError: closed, or a character not encodable
            self.error = error
            _discard(self.stream)
            if self.report is not None:
                self.report(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _discard(stream: IO[str]) -> None:
    """Redirects the stream's file to nowhere, since what it has buffered cannot be taken back.

    Python flushes its standard streams as it exits; a second error would change the exit code.
    """
    with suppress(OSError, ValueError):  # a stream without a file, or closed
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)


def occupy_standard_descriptors() -> None:
    """Opens those of 0, 1 and 2 that are closed, on nothing.

    Else a file of the run would get one, and receive what libraries print.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


def _closed() -> IO[str]:
    """In the place of a standard stream that was closed before Python started."""
    stream = io.StringIO()
    stream.close()
    return stream


@contextmanager
def tolerant(
    name: Literal["stdout", "stderr"], report: Callable[[Exception], None] | None = None
) -> Iterator[TolerantStream]:
    """That standard stream of `sys` as a TolerantStream while the block runs.

    Characters that the stream's encoding lacks are written as escapes.
    """
    before = getattr(sys, name)
    stream = before or _closed()
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    taking = TolerantStream(stream, report)
    setattr(sys, name, taking)
    try:
        yield taking
        taking.flush()
    finally:
        setattr(sys, name, before)


class Terminal(Console):
    """A console on a standard stream, drawing in ASCII if the stream's encoding is not Unicode."""

    @property
    def encoding(self) -> str:
        return (getattr(self.file, "encoding", None) or "utf-8").lower()
