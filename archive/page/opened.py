"""A run that stays open for the page: short snapshots of its last commit, while a run writes it. Or
a pack, which nothing writes.

The database is checked once, when it is opened. A snapshot ends with the answer it is for, so that
the writer's log does not grow because of a reader.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..store import packed, rows, schema
from ..store.agent_files import AgentFiles
from ..store.contents import RunContents
from ..store.creation import missing
from ..store.locks import folder_shared, release, written_now
from ..store.refusals import wrong

if TYPE_CHECKING:
    import torch

State = Literal["running", "stopped", "finished"]

MOST_SECONDS = 20.0  # of one query; only a hostile database takes longer
INSTRUCTIONS = 1_000_000  # of SQLite's machine between two looks at the clock


class VanishedError(ValueError):
    """The run or pack was removed, or replaced by another, after it was opened."""


class OpenRun(RunContents):
    """A run or pack open for reading. Its methods may be called from any thread; one snapshot at a
    time.
    """

    def __init__(self, path: Path) -> None:
        """ValueError or OSError, one line, if it is damaged or neither."""
        self.path, self._there = path, _identity(path)
        self._lock = threading.RLock()
        self._deadline = float("inf")
        if path.is_file():
            self.database = packed.connect(path)
            self.agents = packed.PackedAgents(path, self.database)
        else:
            if lacking := missing(path, write=False):
                raise ValueError(lacking)
            self.agents = AgentFiles(path / "agents")
            self.database = schema.connect(path / "archive.db", write=False)
        self.database.set_progress_handler(self._late, INSTRUCTIONS)

    def _late(self) -> bool:
        return time.monotonic() > self._deadline

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Context in which all reads see one committed state. VanishedError if there is none."""
        with self._lock:
            self.check_there()
            self._deadline = time.monotonic() + MOST_SECONDS
            try:
                self.database.execute("BEGIN")
                yield
            except sqlite3.Error as error:
                raise ValueError(wrong(error, self.file)) from error
            finally:
                self._deadline = float("inf")
                if self.database.in_transaction:
                    self.database.execute("ROLLBACK")

    def check_there(self) -> None:
        """VanishedError unless the database that was opened is still there."""
        if _identity(self.path) != self._there:
            raise VanishedError(f"{self.path} was removed or replaced since it was opened")

    def version(self) -> int:
        """A number that changes with every commit of the writer; the query reads no row."""
        with self._lock:
            return int(self.database.execute("PRAGMA data_version").fetchone()[0])

    def each_row(self, query: str, *parameters: Any) -> Iterator[dict[str, Any]]:
        """Rows of a query as plain values, checked as `rows.reader` does. Within a snapshot."""
        found = self.database.execute(query, parameters)
        names = [column[0] for column in found.description]
        yield from map(rows.reader(names, str(self.path)), found)

    def state(self, iteration: int, iterations: int) -> State:
        """Whether a process writes the run, or it has reached its `iterations`, or neither."""
        if written_now(self.path):
            return "running"
        return "finished" if iteration >= iterations else "stopped"

    def stored_agent(self, query: str, *parameters: Any) -> tuple[dict[str, Any], Any] | None:
        """The first row of a query for a column `agent`, and that agent; None if there is no row.

        The file cannot be deleted in between, as the writer leaves files alone while they are read.
        """
        lock = None if self.packed else folder_shared(self.path / "agents")
        try:
            with self.snapshot():
                row = next(self.each_row(query, *parameters), None)
            return None if row is None else (row, self._weights(row["agent"]))
        finally:
            if lock is not None:
                release(lock)

    def _weights(self, name: str) -> dict[str, torch.Tensor]:
        with self._lock:  # a pack's agents are in its database
            return self.agent(name)

    def close(self) -> None:
        with self._lock:
            self.database.close()


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and number of the database's file; None if there is none."""
    try:
        found = (path if path.is_file() else path / "archive.db").lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
