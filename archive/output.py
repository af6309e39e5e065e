"""Text for terminals and logs: escaping of what a terminal would interpret, and streams whose errors are tolerated.

Everything printed or logged goes through `printable` or `line`. What is only for looking at (standard output, standard
error, run.log, TensorBoard's events) must not stop a run: its first error is reported, and the run continues.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Literal

from rich.console import Console
from rich.text import Text


def printable(text: str) -> str:
    r"""The text with every character that is not printable as its escape: "\x1b", "\n", "\u202e".

    Unicode's "other" and "separator" characters but the space, so controls (C0, C1), bidirectional overrides, invisible
    characters, and surrogates, which no stream can encode. Printable text is returned as it is.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def line(text: str, style: str = "") -> Text:
    """One line to print: escaped, and without rich's markup or emoji codes."""
    return Text(printable(text), style=style)


def described(error: BaseException) -> str:
    """An error in one line: its message, preceded by its type if that is not one raised for bad input or by the system.

    The message of a KeyError, for example, is only the key.
    """
    text = " ".join(str(error).split())
    if isinstance(error, (ValueError, OSError)) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Failures:
    """Reports the first error of each output that is tolerated."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self.report = report
        self.known: set[str] = set()

    def note(self, output: str, error: BaseException) -> None:
        if output not in self.known:
            self.known.add(output)
            reason = (error.strerror if isinstance(error, OSError) else None) or described(error)
            self.report(f"cannot write {output} ({reason}); the run continues without it")


class TolerantStream:
    """A text stream that drops what it cannot write, after one report; it takes the place of sys.stdout."""

    def __init__(self, stream: IO[str], output: str, failures: Failures) -> None:
        self.stream, self.output, self.failures = stream, output, failures
        self.failed = False

    def write(self, text: str) -> int:
        self._attempt(lambda: self.stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._attempt(self.stream.flush)

    def _attempt(self, action: Callable[[], Any]) -> None:
        if self.failed:
            return
        try:
            action()
        except RuntimeError:  # a signal handler prints while the stream is being written: this line is dropped
            pass
        except (OSError, ValueError) as error:  # ValueError: the stream is closed, or its encoding lacks a character
            self.failed = True
            discard(self.stream)
            self.failures.note(self.output, error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def discard(stream: IO[str]) -> None:
    """Sends what the stream has buffered, and all that follows, nowhere: else closing it would fail again.

    Python flushes its standard streams as it exits, and an error then changes the exit code.
    """
    with suppress(OSError, ValueError):  # a stream without a file, or closed
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)


@contextmanager
def tolerant(name: Literal["stdout", "stderr"], report: Callable[[str], None]) -> Iterator[None]:
    """Errors of that standard stream are reported once and otherwise ignored while the block runs."""
    stream = getattr(sys, name)
    if stream is None:  # closed before Python started: what is printed goes nowhere
        yield
        return
    output = {"stdout": "standard output", "stderr": "standard error"}[name]
    setattr(sys, name, TolerantStream(stream, output, Failures(report)))
    try:
        yield
    finally:
        setattr(sys, name, stream)


def escaping() -> None:
    """Characters that the encoding of standard output lacks are written as escapes instead of raising an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def flushed(code: int) -> int:
    """The exit code, once standard output is written: 2 where a result could not be, 1 if its reader has left."""
    if sys.stdout is None:
        return code
    try:
        sys.stdout.flush()
    except OSError as error:
        discard(sys.stdout)
        if error.errno == errno.EPIPE:
            return code or 1
        print(f"openpoet: cannot write standard output: {error.strerror}", file=sys.stderr)
        return code or 2
    return code


class Terminal(Console):
    """A console on a standard stream that draws with ASCII where the stream's encoding is no Unicode."""

    @property
    def encoding(self) -> str:
        return (getattr(self.file, "encoding", None) or "utf-8").lower()
