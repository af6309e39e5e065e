"""A run folder: config.toml, archive.db and agents/, with one atomic transaction per iteration.

After a kill at any moment the last committed iteration is intact. Agents' files are written before
the transaction that refers to them, and unreferenced files are deleted after it. The writer holds a
lock until its process ends. A reader has a snapshot of one committed state, whose agents' files are
not deleted while it is open.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import rows, schema
from .agent_files import AgentFiles
from .contents import INJECTED, RunContents
from .creation import make, missing
from .locks import folder_shared, release, writer
from .refusals import wrong
from .sessions import Session
from .writing import Writer

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent


class Run(RunContents):
    """An open run, from `create` or `open`. A context manager."""

    def __init__(self, path: Path, database: sqlite3.Connection, lock: int, write: bool) -> None:
        self.path, self.database = path, database
        self.lock: int | None = lock
        self.agents = AgentFiles(path / "agents")
        self.writer = Writer(path, database, self.agents) if write else None

    @classmethod
    def create(
        cls, path: Path, config_toml: str, command: list[str], versions: dict[str, str]
    ) -> Run:
        """A new run, open for writing. FileExistsError if the path is in use, OSError if it cannot
        be created.
        """
        path = Path(path)
        return cls._opened(path, make(path, config_toml, command, versions), write=True)

    @classmethod
    def open(cls, path: Path, write: bool) -> Run:
        """An existing run. ValueError, one line, if it is damaged, not a run, or in use by another
        writer.
        """
        path = Path(path)
        if lacking := missing(path, write):
            raise ValueError(lacking)
        try:
            lock = writer(path) if write else folder_shared(path / "agents")
        except OSError as error:
            do = "copy it to a folder you may write to" if write else "ask for the right to read it"
            raise OSError(
                f"cannot {'write to' if write else 'read'} {path}: {error.strerror}; {do}"
            ) from error
        return cls._opened(path, lock, write)

    @classmethod
    def _opened(cls, path: Path, lock: int, write: bool) -> Run:
        database = None
        try:
            database = schema.connect(path / "archive.db", write)
            if not write:
                database.execute("BEGIN")
                # the snapshot begins with the first read
                database.execute("SELECT count(*) FROM iterations").fetchone()
            return cls(path, database, lock, write)
        except BaseException as error:
            if database is not None:
                database.close()
            release(lock)
            if isinstance(error, sqlite3.Error):
                raise ValueError(wrong(error, path / "archive.db")) from error
            raise

    def close(self) -> None:
        if self.lock is not None:
            self.database.close()
            release(self.lock)
            self.lock = None

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def begin_session(
        self,
        command: list[str],
        versions: dict[str, str],
        settings: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """Register the process that writes and the settings it changes; recorded with the next
        commit.
        """
        if self.writer is None:
            raise ValueError(f"{self.path} is open for reading only")
        self.writer.session = Session(command, versions, settings)

    def commit(
        self,
        record: Mapping[str, Any],
        agents: Mapping[str, Agent],
        *,
        ledger: Mapping[str, int],
        clock_seconds: float,
        injected: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Write the population (poet.checkpoint.to_records) and the steps since the last commit in
        one transaction.

        injected: tasks from outside by name, {"task": ..., "source": ...}, that the iteration used.
        OSError, one line, if writing fails; the previous commit is then intact. Committed agents
        must not be changed in place, since their hashes are cached.
        """
        if self.writer is None:
            raise ValueError(f"{self.path} is open for reading only")
        added = {INJECTED: injected} if injected else {}
        self.writer.commit(record, agents, ledger, clock_seconds, added)

    def checkpoint(self) -> tuple[dict[str, Any], dict[str, Agent]]:
        """The last commit in the form of poet.checkpoint.from_records; agents are verified by their
        hashes.
        """
        parts = {row["part"]: row["value"] for row in self.rows("checkpoint")}
        if not parts:
            raise ValueError(
                f"{self.path} holds no iteration: it was stopped before its first; launch it again"
            )
        niches = self.niche_rows()
        loaded = self.agents_named(row["agent"] for row in niches)
        agents: dict[str, Agent] = {f"niche-{row['id']}": loaded[row["agent"]] for row in niches}
        for part, active in (("active", True), ("retired", False)):
            parts[part] = [
                {name: row[name] for name in rows.NICHE} | {"agent": f"niche-{row['id']}"}
                for row in niches
                if (row["died"] is None) == active
            ]
        scores = (
            [row["source"], row["niche"], row["score"]] for row in self.each("retired_scores")
        )
        parts["scores_of_retired"] = sorted(scores)
        if self.writer is not None:
            self.writer.remember((row["agent"], agents[f"niche-{row['id']}"]) for row in niches)
        return parts, agents


def find_run(text: str) -> Path:
    """The run folder for `text`: the path of a folder, or a name under runs/."""
    for path in (Path(text), Path("runs") / text):
        if os.path.isfile(path / "archive.db"):
            return path
    known = sorted(path.parent.name for path in Path("runs").glob("*/archive.db"))[-5:]
    there = f"runs/ has {', '.join(known)}" if known else "runs/ has none: `launch` starts one"
    raise ValueError(f"there is no run {text[:100]!r}; {there}")
