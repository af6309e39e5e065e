"""Reading of a run or a pack: settings, tables, agents, and verification of its hashes."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import chain, rows, schema, seal
from .agent_files import AgentFiles
from .limits import MOST_CONFIG, MOST_SETTINGS, MOST_WEIGHTS, readable
from .packed import PackedAgents
from .refusals import wrong
from .tables import AGENTS

if TYPE_CHECKING:
    import torch


INJECTED = "injected"  # the section of `settings` with tasks from outside


class RunContents:
    """The contents of an open run or pack; base class of run_folder.Run.

    path: the run folder or pack. database: its open database. agents: the files of its agents.
    """

    path: Path
    database: sqlite3.Connection
    agents: AgentFiles | PackedAgents

    @property
    def packed(self) -> bool:
        """Whether this is a pack."""
        return isinstance(self.agents, PackedAgents)

    @property
    def file(self) -> Path:
        """The file of the database."""
        return self.path if self.packed else self.path / "archive.db"

    @cached_property
    def complete(self) -> bool:
        """Whether this is a whole run. A selection or a merger of niches has no checkpoint, and
        may lack agents.
        """
        query = "SELECT count(*) FROM checkpoint WHERE part = ?"
        try:
            return self.database.execute(query, (seal.PART,)).fetchone()[0] == 0
        except sqlite3.Error as error:
            raise ValueError(wrong(error, self.file)) from error

    def config_toml(self) -> str:
        """The settings of the launch as text, for people; `settings` is authoritative."""
        path = self.path / "config.toml"
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_CONFIG:
            raise ValueError(f"{path} must be a plain file of at most {readable(MOST_CONFIG)}")
        try:
            return path.read_bytes()[:MOST_CONFIG].decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not text in UTF-8: it is damaged") from error

    def settings(self, *, launched: bool = False) -> dict[str, dict[str, Any]]:
        """The current settings, or those of the launch: {section: {key: value}}."""
        if self.database.execute("SELECT count(*) FROM settings").fetchone()[0] > MOST_SETTINGS:
            raise ValueError(
                f"{self.path} has more than {MOST_SETTINGS} settings: it is damaged or hostile"
            )
        tables: dict[str, dict[str, Any]] = {}
        for row in self.each("settings"):
            if row["section"] != INJECTED and (row["iteration"] == 0 or not launched):
                tables.setdefault(row["section"], {})[row["key"]] = row["value"]
        return tables

    def injected(self) -> dict[str, dict[str, Any]]:
        """The tasks that were injected, by name: iteration, task and source. They are rows of
        `settings`, since they change the run from outside as settings do.
        """
        return {
            row["key"]: {"iteration": row["iteration"], **row["value"]}
            for row in self.each("settings")
            if row["section"] == INJECTED and isinstance(row["value"], dict)
        }

    def versions(self) -> dict[str, str]:
        """Versions of Python and packages in the last session that wrote to the run."""
        sessions = self.rows("sessions")
        found = sessions[-1]["versions"] if sessions else {}
        if not isinstance(found, dict) or not all(
            isinstance(version, str) for version in found.values()
        ):
            raise ValueError(f"{self.path}: the versions of its last session are damaged")
        return found

    def check_state(self) -> None:
        """ValueError, one line, if active niches or checkpoint were changed after the last
        commit.
        """
        chain.check_state(self.database, str(self.path))

    def verify(self) -> str:
        """Verify the hash chain and every agent's file; the last hash of the chain, 64 hex digits.

        Of selected niches, whose chain has gaps, the seal is verified instead (seal.py).
        ValueError, one line, at the first mismatch.
        """
        try:
            last = chain.check(self.database, str(self.path)) if self.complete else seal.check(self)
        except sqlite3.Error as error:
            raise ValueError(wrong(error, self.file)) from error
        for name in self.agent_names():
            self.agent(name)
        return last

    def agent_names(self) -> list[str]:
        """Hashes of the agents of niches, latest, at birth and solvers, that this archive should
        have.
        """
        names = {row[column] for row in self.niche_rows() for column in AGENTS if row[column]}
        return sorted(name for name in names if self.complete or self.agents.holds(name))

    def niche_rows(self) -> list[dict[str, Any]]:
        """All niches, oldest first: the record, latest score, and hashes of the agents: latest, at
        birth, and the solver.
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
        """A table of schema.py in the order of its key, as plain values: JSON decoded, flags as
        bools.
        """
        return list(self.each(table))

    def each(self, table: str) -> Iterator[dict[str, Any]]:
        """An iterator over the same rows; a long run has millions of transfers."""
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
            raise ValueError(wrong(error, self.file)) from error

    def agent(self, name: str) -> dict[str, torch.Tensor]:
        """The agent with this hash. ValueError if its file is missing or damaged."""
        if not self.complete and not self.agents.holds(name):
            raise ValueError(
                f"{self.path} has no agent {name[:12]}...: its niche is there as an ancestor only"
            )
        return self.agents.read(name)

    def agents_named(self, names: Iterable[str]) -> dict[str, dict[str, torch.Tensor]]:
        """The agents with these hashes, each read once. ValueError if they exceed MOST_WEIGHTS."""
        hashes = sorted(set(names))
        if (size := sum(self.agents.size(name) for name in hashes)) > MOST_WEIGHTS:
            raise ValueError(
                f"{self.path} has {readable(size)} of agents, at most {readable(MOST_WEIGHTS)} are "
                "read together"
            )
        return {name: self.agent(name) for name in hashes}

    def last_iteration(self) -> int:
        """The last iteration. ValueError if there is none yet."""
        last = self.database.execute("SELECT max(iteration) FROM iterations").fetchone()[0]
        if last is None:
            raise ValueError(f"{self.path} holds no iteration yet")
        return int(last)

    def steps(self) -> int:
        """Environment steps of the whole run up to its last commit."""
        last = self.database.execute(
            "SELECT steps FROM iterations ORDER BY iteration DESC LIMIT 1"
        ).fetchone()
        return 0 if last is None else int(last[0])
