"""A run folder: config.toml, archive.db and agents/, with one atomic transaction per iteration. A
pack, one file, is opened by the same class for reading.

After a kill at any moment the last committed iteration is intact. Agents' files are written before
the transaction that refers to them, and unreferenced files are deleted after it. The writer holds a
lock until its process ends. A reader has a snapshot of one committed state, whose agents' files are
not deleted while it is open.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..museum.files import packs
from . import rows, schema
from .agent_files import AgentFiles
from .contents import INJECTED, RunContents
from .creation import make, missing
from .locks import folder_shared, release, writer
from .packed import PackedAgents, connect
from .refusals import wrong
from .sessions import Session
from .writing import Writer

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent

PACKED = (
    "is a pack, which cannot be resumed: make a run of it with `import PACK --out RUN`, and resume "
    "that"
)
SELECTED = (
    "holds selected niches without the state of their run, so it cannot be continued: start a run "
    "from them with `launch --from`"
)
MOST_NAMED = 5  # runs, where one is not found


class Run(RunContents):
    """An open run or pack, from `create` or `open`. A context manager.

    lock: the writer's or the reader's; None for a pack.
    """

    def __init__(
        self, path: Path, database: sqlite3.Connection, lock: int | None, write: bool
    ) -> None:
        self.path, self.database, self.lock = path, database, lock
        self.writer: Writer | None = None
        if lock is None:
            self.agents = PackedAgents(path, database)
            return
        self.agents = files = AgentFiles(path / "agents")
        if write:
            if not self.complete:
                raise ValueError(f"{path} {SELECTED}")
            self.writer = Writer(path, database, files)

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
        """An existing run, or a pack for reading. ValueError, one line, if it is damaged, neither,
        or in use by another writer.
        """
        path = Path(path)
        if path.is_file():
            return cls._opened_pack(path, write)
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

    @classmethod
    def _opened_pack(cls, path: Path, write: bool) -> Run:
        pack = cls(path, connect(path), None, write=False)
        if not write:
            return pack
        try:
            raise ValueError(f"{path} {PACKED if pack.complete else SELECTED}")
        finally:
            pack.close()

    def close(self) -> None:
        self.database.close()
        if self.lock is not None:
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
        if not self.complete:
            raise ValueError(f"{self.path} {SELECTED}")
        parts = {row["part"]: row["value"] for row in self.rows("checkpoint")}
        if not parts:
            raise ValueError(
                f"{self.path} holds no iteration: it was stopped before its first; launch it again"
            )
        niches = self.niche_rows()
        loaded = self.agents_named(row["agent"] for row in niches)
        agents: dict[str, Agent] = {f"niche-{row['id']}": loaded[row["agent"]] for row in niches}
        for part, active in (("active", True), ("retired", False)):
            parts[part] = [_record(row) for row in niches if (row["died"] is None) == active]
        scores = (
            [row["source"], row["niche"], row["score"]] for row in self.each("retired_scores")
        )
        parts["scores_of_retired"] = sorted(scores)
        if self.writer is not None:
            self.writer.remember((row["agent"], agents[f"niche-{row['id']}"]) for row in niches)
        return parts, agents

    def niche_records(self) -> tuple[list[dict[str, Any]], dict[str, Agent]]:
        """Every niche in the form of poet.checkpoint.niches_from_records, and the agents that are
        here, verified by their hashes.
        """
        niches = self.niche_rows()
        held = [row for row in niches if self.complete or self.agents.holds(row["agent"])]
        loaded = self.agents_named(row["agent"] for row in held)
        return [_record(row) for row in niches], {
            f"niche-{row['id']}": loaded[row["agent"]] for row in held
        }


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in rows.NICHE} | {"agent": f"niche-{row['id']}"}


def find_run(text: str) -> Path:
    """The run folder or pack for `text`: a pack of the museum by name, a path, or a name under
    runs/. No run gets a name of the museum (creation.py); the path of a file may be such a name.
    """
    museum = packs()
    if text in museum:
        return museum[text]
    for path in (Path(text), Path("runs") / text):
        if os.path.isfile(path / "archive.db") or os.path.isfile(path):
            return path
    there = _names_like(text[:100])
    if museum:
        there += f"; the museum has {', '.join(museum)}"
    raise ValueError(f"there is no run {text[:100]!r}; {there}")


def _names_like(text: str) -> str:
    """What is under runs/: names that are like the text, then the newest, and how many others."""
    runs = {path.parent.name: path for path in Path("runs").glob("*/archive.db")}
    found = runs | {path.name: path for path in Path("runs").glob("*.poet")}
    if not found:
        return "runs/ has none: `launch` starts one"
    changed = {name: path.stat().st_mtime_ns for name, path in found.items() if path.exists()}
    newest = sorted(changed, key=lambda name: (-changed[name], name))
    names = list(dict.fromkeys([*get_close_matches(text, newest, MOST_NAMED), *newest]))
    others = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"runs/ has {', '.join(names[:MOST_NAMED])}{others}"
