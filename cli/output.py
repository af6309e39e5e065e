"""Text for terminals and logs: escaping, and streams whose errors are tolerated.

Everything printed or logged goes through `printable` or `line`, since a terminal would interpret
control characters. An error of an output that is not part of the archive (standard output, standard
error, run.log, TensorBoard events) must not stop a run: the first one is reported, and the run
continues.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Literal

from rich.console import Console
from rich.text import Text

from openpoet.archive.store.printable import printable

LONGEST = 1000  # characters of an error's message


def line(text: str, style: str = "") -> Text:
    """One line to print: escaped, and without rich's markup or emoji codes."""
    return Text(printable(text), style=style)


def described(error: BaseException) -> str:
    """An error in one line: its type and message, or only the message of a ValueError or OSError.

    These two are raised with messages for the user. The message of a KeyError, for example, is just
    the key.
    """
    text = " ".join(str(error).split())
    if len(text) > LONGEST:
        text = text[:LONGEST] + "..."  # a message may repeat a value from a file
    if isinstance(error, (ValueError, OSError)) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def reason(error: BaseException) -> str:
    """The operating system's message for an error of a file or stream, or the error in one line."""
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
    """A replacement of sys.stdout or sys.stderr that drops all text after its first error.

    error: the first error, or None. report: called with the first error.
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
    """Redirect the stream's file descriptor to /dev/null.

    The stream's buffer cannot be cleared, and Python flushes its standard streams at exit: a second
    error there would change the exit code.
    """
    with suppress(OSError, ValueError):  # a stream without a file, or closed
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, stream.fileno())
        finally:
            os.close(null)


def occupy_standard_descriptors() -> None:
    """Open /dev/null on those of the file descriptors 0, 1 and 2 that are closed.

    Otherwise a file of the run could be opened with one of these numbers, and text that libraries
    print would be written to it.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


def _closed() -> IO[str]:
    """A closed stream, for a standard stream that was closed before Python started."""
    stream = io.StringIO()
    stream.close()
    return stream


@contextmanager
def tolerant(
    name: Literal["stdout", "stderr"], report: Callable[[Exception], None] | None = None
) -> Iterator[TolerantStream]:
    """Replace the standard stream `name` of `sys` by a TolerantStream while the block runs.

    Characters that the stream's encoding lacks are written as escape sequences.
    """
    before = getattr(sys, name)
    stream = before or _closed()
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    replacement = TolerantStream(stream, report)
    setattr(sys, name, replacement)
    try:
        yield replacement
        replacement.flush()
    finally:
        setattr(sys, name, before)


class Terminal(Console):
    """A console on a standard stream, drawing in ASCII if the stream's encoding is not Unicode."""

    @property
    def encoding(self) -> str:
        return (getattr(self.file, "encoding", None) or "utf-8").lower()
