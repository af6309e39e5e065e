"""The tables of `archive.db`, described once: SQL, checks, rows and reading all follow from here.

To keep a new number, add one line to a table below, and raise schema.SCHEMA:

- a number of each iteration: a column of `iterations` with `of` (computed from the iteration),
  `count` (niches for which it holds) or `total` (added up over iterations);
- a number of each niche: a column of `niches` with `of`, or one named like a field of
  poet.niche.Niche, which is then kept and restored with the checkpoint;
- a number of each active niche in each iteration: a column of `scores` with `of`;
- a field of an event: a column of `children` or `transfers` of that name.

A name of kind json, flag or agent has that kind in all tables: queries are read by the names of
their columns. Columns named clock_* hold times.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

Record = Mapping[str, Any]
# A flag is 0 or 1, read as bool. JSON is text, read as its value. An agent is the hash of one.
Kind = Literal["integer", "real", "text", "flag", "json", "agent"]
TYPES: Mapping[Kind, str] = {"integer": "INTEGER", "real": "REAL", "flag": "INTEGER"}


@dataclass(frozen=True)
class Iteration:
    """What the columns of `iterations` are computed from."""

    record: Record  # of poet.checkpoint.to_records
    clock_seconds: float

    @property
    def scores(self) -> list[float]:
        """The latest own scores of the active niches that have one."""
        return [niche["scores"][-1] for niche in self.record["active"] if niche["scores"]]


@dataclass(frozen=True)
class Column:
    """One column. Without `of`, `count` and `total` its cells are given to the archive."""

    name: str
    kind: Kind
    null: bool = False
    of: Callable[[Any], Any] | None = None  # of an Iteration in `iterations`, else of a niche
    count: Callable[[Record], Any] | None = None  # whether a row of `niches` is counted
    total: Callable[[Mapping[str, Sequence[Record]]], int] | None = None  # of the rows added

    @property
    def type(self) -> str:
        return TYPES.get(self.kind, "TEXT")

    def sql(self, key: bool) -> str:
        """Its definition; key: whether it alone is the primary key."""
        if key:
            return f"{self.name} {self.type} PRIMARY KEY"
        check = f" CHECK ({self.name} IN (0, 1))" if self.kind == "flag" else ""
        return f"{self.name} {self.type}{'' if self.null else ' NOT NULL'}{check}"


@dataclass(frozen=True)
class Table:
    """A table: its columns in their order, and its primary key."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    event: str | None = None  # the events whose rows it has, by their tag

    @property
    def sql(self) -> str:
        lines = [column.sql(self.key == (column.name,)) for column in self.columns]
        if len(self.key) > 1:
            lines.append(f"PRIMARY KEY ({', '.join(self.key)})")
        by_number = self.key in (("id",), ("iteration",))  # SQLite's own number of a row
        body = ",\n    ".join(lines)
        return f"CREATE TABLE {self.name} (\n    {body}\n) STRICT" + (
            "" if by_number else ", WITHOUT ROWID"
        )


integer = partial(Column, kind="integer")  # a whole number from 0
real = partial(Column, kind="real")
text = partial(Column, kind="text")
flag = partial(Column, kind="flag")
json = partial(Column, kind="json")
agent = partial(Column, kind="agent")


def _latest(niche: Record) -> float | None:
    return niche["scores"][-1] if niche["scores"] else None


def _median(scores: Sequence[float]) -> float | None:
    return statistics.median(scores) if scores else None


SETTINGS = Table(
    "settings",
    key=("iteration", "section", "key"),
    columns=(
        # The iteration from which a setting holds: 0 for the settings of the launch; above 0 for
        # those changed when the run was resumed.
        integer("iteration"),
        text("section"),
        text("key"),
        json("value"),
    ),
)

SESSIONS = Table(
    "sessions",
    key=("id",),
    columns=(
        integer("id"),
        integer("iteration"),  # the first that this process wrote
        json("command"),
        json("versions"),
        real("clock_began"),
    ),
)

NICHES = Table(
    "niches",
    key=("id",),
    columns=(
        integer("id"),
        integer("parent", null=True),
        integer("born"),
        integer("died", null=True),
        integer("solved", null=True),
        real("score", null=True, of=_latest),
        real("before", null=True),
        real("best", null=True),
        real("novelty", null=True),
        flag("viable_to_all"),
        flag("viable_to_retired"),
        text("source", null=True),
        json("task"),
        agent("birth_agent"),
        agent("agent"),
        agent("solver", null=True),  # see writing.py
        json("scores"),
        json("score_key"),
    ),
)

SCORES = Table(
    "scores",
    key=("iteration", "niche"),
    columns=(
        integer("iteration"),
        integer("niche", of=lambda niche: niche["id"]),
        real("score", of=_latest),
        real("before", null=True, of=lambda niche: niche["before"]),
    ),
)

CHILDREN = Table(
    "children",
    event="child",
    key=("id",),
    columns=(
        integer("id"),
        integer("iteration"),
        integer("parent"),
        json("task"),
        text("outcome"),
        real("score", null=True),
        real("novelty", null=True),
        integer("niche", null=True),
    ),
)

TRANSFERS = Table(
    "transfers",
    event="transfer",
    key=("id",),
    columns=(
        integer("id"),  # counted over the run
        integer("iteration"),
        text("kind"),
        integer("source"),
        integer("target"),
        flag("at_birth"),
        real("score"),
        real("bar", null=True),
        flag("accepted"),
        integer("steps"),
    ),
)

# Scores of the agents of retired niches (source) in niches, from PATA-EC: they never change.
RETIRED_SCORES = Table(
    "retired_scores",
    key=("source", "niche"),
    columns=(integer("iteration"), integer("source"), integer("niche"), real("score")),
)

LEDGER = Table(
    "ledger",
    key=("iteration", "purpose"),
    columns=(integer("iteration"), text("purpose"), integer("steps")),
)

ITERATIONS = Table(
    "iterations",
    key=("iteration",),
    columns=(
        integer("iteration", of=lambda now: now.record["iteration"]),
        integer("active", count=lambda niche: niche["died"] is None),
        integer("retired", count=lambda niche: niche["died"] is not None),
        real("best", null=True, of=lambda now: max(now.scores, default=None)),
        real("median", null=True, of=lambda now: _median(now.scores)),
        integer("annecs", count=lambda n: n["viable_to_all"] and n["solved"] is not None),
        integer("annecs_reference", count=lambda niche: niche["viable_to_retired"]),
        integer("children", total=lambda added: len(added["children"])),
        integer("transfers", total=lambda added: len(added["transfers"])),
        integer("steps", total=lambda added: sum(row["steps"] for row in added["ledger"])),
        real("clock_seconds", of=lambda now: now.clock_seconds),
        text("state"),  # both hashes: chain.py
        text("chain"),
    ),
)

# The population without its niches and the scores of retired agents, which have their own tables.
CHECKPOINT = Table("checkpoint", key=("part",), columns=(text("part"), json("value")))

TABLES = {
    table.name: table
    for table in (
        SETTINGS,
        SESSIONS,
        NICHES,
        SCORES,
        CHILDREN,
        TRANSFERS,
        RETIRED_SCORES,
        LEDGER,
        ITERATIONS,
        CHECKPOINT,
    )
}
# the columns of `niches` with the hash of an agent
AGENTS = tuple(column.name for column in NICHES.columns if column.kind == "agent")
