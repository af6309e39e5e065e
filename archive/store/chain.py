"""The hash chain of a run: each iteration's row has a hash of the previous one and of all rows that
the iteration added.

A link covers data that later commits do not change: rows of the append-only tables, and niches at
their retirement. Active niches and the checkpoint do change, so a link includes a hash of their
state (`state`), which can be recomputed for the last iteration. Clock values and the table
`sessions` are excluded. The chain detects edits of an archive, but the editor of a file can
recompute all hashes; publish the last hash to rule this out.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .rows import text
from .schema import COLUMNS, ORDER

Row = Mapping[str, Any]

FIRST = "0" * 64  # the hash before the first iteration
# The tables to which an iteration adds rows, in the order in which a link hashes them; the rows are
# in the order of the table's key.
ADDED = ("settings", "niches", "children", "transfers", "scores", "retired_scores", "ledger")
SUMMARY = tuple(name for name in COLUMNS["iterations"] if name not in ("clock_seconds", "chain"))


def state_of(active: Iterable[Row], parts: Mapping[str, str]) -> str:
    """SHA-256 of the rows of the active niches, by id, and of the parts of the checkpoint."""
    found = hashlib.sha256()
    for row in sorted(active, key=lambda row: row["id"]):
        found.update(_line("niches", [row[name] for name in COLUMNS["niches"]]))
    for part, value in sorted(parts.items()):
        found.update(_line("checkpoint", [part, value]))
    return found.hexdigest()


class Link:
    """Incremental hash of an iteration's rows, added table by table in the order of ADDED."""

    def __init__(self, before: str) -> None:
        self.hash = hashlib.sha256(f"{before}\n".encode())

    def add(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows of a table: cells in the order of its columns, rows in the order of its key."""
        for row in rows:
            self.hash.update(_line(table, row))

    def end(self, summary: Row) -> str:
        """The link, 64 hex digits; summary: the iteration's own row."""
        self.hash.update(_line("iterations", [summary[name] for name in SUMMARY]))
        return self.hash.hexdigest()


def link(before: str, added: Mapping[str, Sequence[Row]], summary: Row) -> str:
    """The hash of an iteration with these rows; `before` is the hash of the previous iteration."""
    made = Link(before)
    for table in ADDED:
        in_order = sorted(added[table], key=lambda row: [row[name] for name in ORDER[table]])
        made.add(table, ([row[name] for name in COLUMNS[table]] for row in in_order))
    return made.end(summary)


def check(database: sqlite3.Connection, where: str) -> str:
    """Verify the whole chain of a run; its last hash. ValueError, one line, at the first invalid
    link.
    """
    tables = {table: _Rows(database, table) for table in ADDED}
    last: Row = {}
    before, retired, children, transfers = FIRST, 0, 0, 0
    for last in _iterations(database):
        at = last["iteration"]
        made = Link(before)
        counts = {
            "niches": last["retired"] - retired,
            "children": last["children"] - children,
            "transfers": last["transfers"] - transfers,
        }
        for table in ADDED:
            rows = tables[table].take(counts[table]) if table in counts else tables[table].until(at)
            made.add(table, rows)
        if made.end(last) != last["chain"]:
            raise ValueError(
                f"{where}: the rows of iteration {at} do not have the hash that was recorded: "
                "rows of this or of an earlier iteration were changed, added or removed after "
                "they were written"
            )
        before, retired = last["chain"], last["retired"]
        children, transfers = last["children"], last["transfers"]
    for table, left in tables.items():
        # the settings of the launch exist before any iteration
        if left.more() and (last or table != "settings"):
            raise ValueError(f"{where}: the table {table} has rows that belong to no iteration")
    check_state(database, where)
    return before


def check_state(database: sqlite3.Connection, where: str) -> None:
    """ValueError, one line, if active niches or checkpoint were changed after the last
    iteration.
    """
    found = database.execute(
        "SELECT iteration, state FROM iterations ORDER BY iteration DESC LIMIT 1"
    ).fetchone()
    if found is None:
        return
    names = COLUMNS["niches"]
    rows = database.execute(f"SELECT {', '.join(names)} FROM niches WHERE died IS NULL ORDER BY id")
    active = (dict(zip(names, row, strict=True)) for row in rows)
    parts = dict(database.execute("SELECT part, value FROM checkpoint"))
    if state_of(active, parts) != found[1]:
        raise ValueError(
            f"{where}: the active niches or the checkpoint do not have the hash recorded by "
            f"iteration {found[0]}: they were changed after they were written"
        )


def _iterations(database: sqlite3.Connection) -> Iterator[Row]:
    names = COLUMNS["iterations"]
    for row in database.execute(f"SELECT {', '.join(names)} FROM iterations ORDER BY iteration"):
        yield dict(zip(names, row, strict=True))


class _Rows:
    """The rows of a table in the order of its key, consumed iteration by iteration."""

    def __init__(self, database: sqlite3.Connection, table: str) -> None:
        where = "WHERE died IS NOT NULL" if table == "niches" else ""
        # Niches are added when they retire, which need not be in the order of their ids.
        order = ["died"] * (table == "niches") + ORDER[table]
        names, key = list(COLUMNS[table]), ", ".join(order)
        self.rows = database.execute(
            f"SELECT {', '.join(names)} FROM {table} {where} ORDER BY {key}"
        )
        self.place = names.index("iteration") if "iteration" in names else -1
        self.ahead = self.rows.fetchone()

    def more(self) -> bool:
        return self.ahead is not None

    def take(self, count: int) -> Iterator[Sequence[Any]]:
        """The next `count` rows, or as many as there are."""
        for _ in range(count):
            if self.ahead is None:
                return
            yield self._next()

    def until(self, iteration: int) -> Iterator[Sequence[Any]]:
        """The next rows up to and including those of this iteration."""
        while self.ahead is not None and self.ahead[self.place] <= iteration:
            yield self._next()

    def _next(self) -> Sequence[Any]:
        row, self.ahead = self.ahead, self.rows.fetchone()
        return row


def _line(table: str, cells: Sequence[Any]) -> bytes:
    return text([table, *cells]).encode() + b"\n"
