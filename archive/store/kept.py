"""The state of an archive on which the next commit depends.

Counts over all niches are updated with each commit instead of being counted again, so the cost of a
commit does not grow with the number of retired niches.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import Any

from . import chain, rows
from .agent_files import AgentFiles
from .schema import COLUMNS
from .tables import AGENTS, TABLES
from .weights import check_name

Cells = dict[str, Any]
COUNTS = [column for column in TABLES["iterations"].columns if column.count is not None]
# What the next row of `iterations` is computed from, and its value before the first.
LAST: Cells = {"iteration": -1, "chain": chain.FIRST} | {
    column.name: 0 for column in TABLES["iterations"].columns if column.total is not None
}


class Kept:
    """Counts, agents and parts of the last commit, as the next one needs them."""

    def __init__(self, database: sqlite3.Connection, files: AgentFiles) -> None:
        self.active: dict[int, Cells] = {}
        self.newest = -1  # the highest id of a niche
        self.counts = {column.name: 0 for column in COUNTS}  # of niches, by column of `iterations`
        self.references = Counter[str]()  # by agent: number of references in `niches`
        self.latest = Counter[str]()  # by agent: number of niches with it as latest agent
        self.dropped: set[str] = set()  # agents without references
        self.sizes: dict[str, int] = {}  # bytes of the files of the latest agents
        self.weights = 0  # their total [bytes]
        names = tuple(COLUMNS["niches"])
        for row in database.execute(f"SELECT {', '.join(names)} FROM niches"):
            cells = dict(zip(names, row, strict=True))
            self.add(cells, files.size(cells["agent"]))
            # unreferenced files are deleted, so a name must not be a path to another file
            for column in AGENTS:
                if cells[column] is not None:
                    check_name(cells[column])
        self.parts: dict[str, str] = dict(database.execute("SELECT part, value FROM checkpoint"))
        counts = tuple(LAST)
        last = database.execute(
            f"SELECT {', '.join(counts)} FROM iterations ORDER BY iteration DESC LIMIT 1"
        ).fetchone()
        self.last: Cells = dict(LAST) if last is None else dict(zip(counts, last, strict=True))

    def holds(self, niche: Mapping[str, Any]) -> bool:
        """Whether the niche retired at an earlier commit; its row does not change again."""
        return niche["id"] <= self.newest and niche["id"] not in self.active

    def add(self, cells: Cells, size: int) -> None:
        """Add a new or changed row of a niche; size: bytes of its agent's file."""
        self.sizes[cells["agent"]] = size
        self._count(cells, 1)
        if (old := self.active.pop(cells["id"], None)) is not None:
            self._count(old, -1)
        self.newest = max(self.newest, cells["id"])
        if cells["died"] is None:
            self.active[cells["id"]] = cells

    def _count(self, cells: Cells, sign: int) -> None:
        for column in COUNTS:
            self.counts[column.name] += sign * bool(
                column.count is not None and column.count(cells)
            )
        agent = cells["agent"]
        if _moved(self.latest, agent, sign):
            self.weights += sign * self.sizes[agent]
            if sign < 0:
                del self.sizes[agent]
        for name in filter(None, map(cells.get, AGENTS)):
            if _moved(self.references, name, sign):
                (self.dropped.discard if sign > 0 else self.dropped.add)(name)


def _moved(counts: Counter[str], name: str, sign: int) -> bool:
    """Add `sign` to a name's count; True if it is then the first, or if none is left."""
    counts[name] += sign
    if not counts[name]:
        del counts[name]
    return counts[name] == (1 if sign > 0 else 0)


def solver(niche: Mapping[str, Any], agent: str, old: Cells | None) -> str | None:
    """The agent of the first commit at which the niche was solved, if it was, or of a later one
    with the best score so far. A niche may be solved at birth by an agent that has learned on, and
    fallen, by the end of the iteration.
    """
    if niche["solved"] is None:
        return None
    if old is None or old["solver"] is None:
        return agent
    score, best = rows.computed("niches", niche)["score"], niche["best"]
    better = score is not None and best is not None and score >= best
    return agent if better else str(old["solver"])
