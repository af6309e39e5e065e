"""A run folder: config.toml, archive.db, agents/; one transaction an iteration, and nothing is ever
half there.

A kill at any moment leaves the last committed iteration. Agents' files are on the disk before the
transaction that names them, and those it no longer names are deleted after it. The writer holds a
lock that ends with its process;
readers need none: they see one committed state as long as they are open, and keep its agents from
being deleted.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import chain, rows, schema
from .creation import make, missing
from .limits import MOST_CONFIG, MOST_SETTINGS, MOST_WEIGHTS, readable
from .locks import folder_shared, release, writer
from .refusals import wrong
from .sessions import Session
from .weights import AgentFiles
from .writing import Writer

if TYPE_CHECKING:
    import torch
    from openpoet.poet.interfaces import Agent


class Run:
    """An open run. Made by `create` and `open`; a context manager."""

    def __init__(self, path: Path, database: sqlite3.Connection, lock: int, write: bool) -> None:
        self.path, self.database = path, database
        self.lock: int | None = lock
        self.agents = AgentFiles(path / "agents")
        self.writer = Writer(path, database, self.agents) if write else None

    @classmethod
    def create(
        cls, path: Path, config_toml: str, command: list[str], versions: dict[str, str]
    ) -> Run:
        """A new run, open for writing. FileExistsError: there is something; OSError: it cannot be
        made.
        """
        path = Path(path)
        return cls._opened(path, make(path, config_toml, command, versions), write=True)

    @classmethod
    def open(cls, path: Path, write: bool) -> Run:
        """A run that exists. ValueError, one line, if it is damaged, not ours, or another process
        writes to it.
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
                # from here on one state is seen
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

    def config_toml(self) -> str:
        """The settings of the launch as text: a copy for people; `settings` is what counts."""
        path = self.path / "config.toml"
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_CONFIG:
            raise ValueError(f"{path} must be a plain file of at most {readable(MOST_CONFIG)}")
        try:
            return path.read_bytes()[:MOST_CONFIG].decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not text in UTF-8: it is damaged") from error

    def settings(self, *, launched: bool = False) -> dict[str, dict[str, Any]]:
        """The settings as they are now, or as they were at the launch: {section: {key: value}}."""
        if self.database.execute("SELECT count(*) FROM settings").fetchone()[0] > MOST_SETTINGS:
            raise ValueError(
                f"{self.path} has more than {MOST_SETTINGS} settings: it is damaged or hostile"
            )
        tables: dict[str, dict[str, Any]] = {}
        for row in self.each("settings"):
            if row["iteration"] == 0 or not launched:
                tables.setdefault(row["section"], {})[row["key"]] = row["value"]
        return tables

    def versions(self) -> dict[str, str]:
        """Versions of what the last session that wrote ran with."""
        sessions = self.rows("sessions")
        found = sessions[-1]["versions"] if sessions else {}
        if not isinstance(found, dict) or not all(
            isinstance(version, str) for version in found.values()
        ):
            raise ValueError(f"{self.path}: the versions of its last session are damaged")
        return found

    def begin_session(
        self,
        command: list[str],
        versions: dict[str, str],
        settings: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """Records with the next commit which process writes from there on, and which settings it
        changes.
        """
        if self.writer is None:
            raise ValueError(f"{self.path} is open for reading only")
        self.writer.session = Session(command, versions, settings)

    def check_state(self) -> None:
        """ValueError, one line, if active niches or checkpoint are not as the last commit left
        them.
        """
        chain.check_state(self.database, str(self.path))

    def verify(self) -> str:
        """The last hash of the chain, 64 hex digits, once all of it and every agent's file are
        checked.

        ValueError, one line, at the first that is not as it was written.
        """
        last = chain.check(self.database, str(self.path))
        for name in sorted(
            {row[column] for row in self.niche_rows() for column in ("agent", "birth_agent")}
        ):
            self.agent(name)
        return last

    def commit(
        self,
        record: Mapping[str, Any],
        agents: Mapping[str, Agent],
        *,
        ledger: Mapping[str, int],
        clock_seconds: float,
    ) -> None:
        """The population as it is now (poet.checkpoint.to_records), and the steps spent since the
        last commit.

        All of it or nothing. OSError, one line, if the disk does not take it; the last commit is
        then still there. Agents must not change once they have been committed: their hashes are
        remembered.
        """
        if self.writer is None:
            raise ValueError(f"{self.path} is open for reading only")
        self.writer.commit(record, agents, ledger, clock_seconds)

    def checkpoint(self) -> tuple[dict[str, Any], dict[str, Agent]]:
        """What was committed last, as poet.checkpoint.from_records takes it; each agent checked
        against its hash.
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

    def niche_rows(self) -> list[dict[str, Any]]:
        """Every niche ever, oldest first: its record, its latest score, the hashes of its latest
        and birth agents.
        """
        found, elder = self.rows("niches"), set[int | None]([None])
        for row in found:
            if row["parent"] not in elder:
                raise ValueError(
                    f"{self.path}: niche {row['id']} must have an elder niche as its parent, got "
                    f"{row['parent']}"
                )
            elder.add(row["id"])
        return found

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table of archive/store/schema.py in the order of its key, as plain values: JSON read,
        flags as bools.
        """
        return list(self.each(table))

    def each(self, table: str) -> Iterator[dict[str, Any]]:
        """The same, a row at a time: a long run has millions of transfers."""
        if table not in schema.STATEMENTS:
            raise ValueError(
                f"there is no table {table!r}; there are {', '.join(schema.STATEMENTS)}"
            )
        try:
            found = self.database.execute(
                f"SELECT * FROM {table} ORDER BY {', '.join(schema.ORDER[table])}"
            )
            yield from map(
                rows.reader([column[0] for column in found.description], f"{self.path}: {table}"),
                found,
            )
        except sqlite3.Error as error:
            raise ValueError(wrong(error, self.path / "archive.db")) from error

    def agent(self, name: str) -> dict[str, torch.Tensor]:
        """The agent of that hash. ValueError if it is missing or not what was written."""
        return self.agents.read(name)

    def agents_named(self, names: Iterable[str]) -> dict[str, dict[str, torch.Tensor]]:
        """The agents of those hashes, each read once. ValueError if they are more than fits into
        memory.
        """
        hashes = sorted(set(names))
        if (size := sum(self.agents.size(name) for name in hashes)) > MOST_WEIGHTS:
            raise ValueError(
                f"{self.path} has {readable(size)} of agents, at most {readable(MOST_WEIGHTS)} are "
                "read together"
            )
        return {name: self.agent(name) for name in hashes}

    def steps(self) -> int:
        """Environment steps of the whole run, up to its last commit."""
        last = self.database.execute(
            "SELECT steps FROM iterations ORDER BY iteration DESC LIMIT 1"
        ).fetchone()
        return 0 if last is None else int(last[0])


def find_run(text: str) -> Path:
    """The run folder that a person means: a folder, or a name under runs/."""
    for path in (Path(text), Path("runs") / text):
        if os.path.isfile(path / "archive.db"):
            return path
    known = sorted(path.parent.name for path in Path("runs").glob("*/archive.db"))[-5:]
    there = f"runs/ has {', '.join(known)}" if known else "runs/ has none: `launch` starts one"
    raise ValueError(f"there is no run {text[:100]!r}; {there}")
