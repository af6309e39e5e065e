"""What a run did up to an iteration, in arrays that grow with its commits.

A page requests data after every commit; only rows added since the last answer are read.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from .agent_lines import AgentLines
from .opened import OpenRun

MOST_ITERATIONS = 2_000_000
MOST_NICHES = 20_000
MOST_SCORES = 20_000_000
MOST_ACCEPTED = 2_000_000
MOST_NAMES = 50  # kinds, outcomes or purposes; a run has fewer than twenty
LONGEST_NAME = 60

_SUMMARY = "iteration, active, retired, best, median, annecs, steps, clock_seconds"
# At birth the target of a transfer is a candidate; what a page shows is the niche it became.
_ACCEPTED = """SELECT t.iteration, t.source,
    CASE WHEN t.at_birth THEN c.niche ELSE t.target END, t.kind, t.at_birth
    FROM transfers AS t LEFT JOIN children AS c ON t.at_birth AND c.id = t.target
    WHERE t.id > ? AND t.id <= ? AND t.accepted AND (NOT t.at_birth OR c.niche IS NOT NULL)
    ORDER BY t.id"""
AT_ONCE = 5_000  # rows


class Counts:
    """Events of one name: their iterations, and how many there have been up to each."""

    def __init__(self) -> None:
        self.at, self.total = array("q"), array("q")

    def add(self, iteration: int, number: int) -> None:
        before = self.total[-1] if self.total else 0
        if self.at and self.at[-1] == iteration:
            self.total[-1] = before + number
        else:
            self.at.append(iteration)
            self.total.append(before + number)


class Scores:
    """The scores of one niche and their iterations, in order."""

    def __init__(self) -> None:
        self.at, self.value = array("q"), array("d")


class History:
    """Attributes are columns by name, or by niche, up to `iteration`; -1: nothing is committed."""

    def __init__(self, run: OpenRun) -> None:
        self.run = run
        self.iteration = -1
        self.summary: dict[str, array[float]] = {
            name.strip(): array("d") for name in _SUMMARY.split(",")
        }
        self.seconds = array("d")  # clock_seconds so far
        self.scores: dict[int, Scores] = defaultdict(Scores)
        self.scored = 0  # how many scores there are
        # accepted transfers: iteration, source, target (a niche, also at birth), kind, at birth
        self.moves: dict[str, array[int]] = {
            name: array("q") for name in ("iteration", "source", "target", "kind", "at_birth")
        }
        self.kinds: list[str] = []  # the names of moves["kind"]
        self.lines = AgentLines()
        # kept by curves.moves_of: of so many moves
        self.density: tuple[int, dict[str, Any]] | None = None
        self.refused: dict[str, Counts] = {}
        self.transfers: dict[str, Counts] = {}
        self.purposes: dict[str, Counts] = {}
        self._last_child, self._last_transfer = -1, -1

    def advance(self) -> None:
        """Read what was committed since the last call. Within a snapshot of the run.

        ValueError, one line, if the archive is damaged or beyond what a page shows.
        """
        first = self.iteration + 1
        self._read_summary()
        if self.iteration < first:
            return
        self._read_scores(first)
        self._read_children()
        self._read_moves()
        for at, purpose, steps in self._rows(
            "SELECT iteration, purpose, steps FROM ledger WHERE iteration >= ? "
            "ORDER BY iteration, purpose",
            first,
        ):
            self._named(self.purposes, purpose).add(at, steps)

    def _rows(self, query: str, *parameters: Any) -> Iterator[Any]:
        return iter(self.run.database.execute(query, parameters))

    def _damaged(self, what: str) -> ValueError:
        return ValueError(f"{self.run.path} is damaged: {what}")

    def _read_summary(self) -> None:
        query = f"SELECT {_SUMMARY} FROM iterations WHERE iteration > ? ORDER BY iteration"
        for row in self._rows(query, self.iteration):
            if row[0] != self.iteration + 1:
                raise self._damaged(f"iteration {row[0]} follows iteration {self.iteration}")
            if row[0] >= MOST_ITERATIONS:
                raise ValueError(f"a page shows at most {MOST_ITERATIONS} iterations of a run")
            for name, cell in zip(self.summary, row, strict=True):
                self.summary[name].append(math.nan if cell is None else self._finite(cell))
            self.seconds.append(row[-1] + (self.seconds[-1] if self.seconds else 0.0))
            self.iteration += 1

    def _finite(self, cell: Any) -> float:
        if not isinstance(cell, int | float) or not math.isfinite(cell):
            raise self._damaged(f"expected a finite number, got {str(cell)[:40]!a}")
        return float(cell)

    def _read_scores(self, first: int) -> None:
        query = (
            "SELECT iteration, niche, score FROM scores WHERE iteration >= ? AND iteration <= ? "
            "ORDER BY iteration"
        )
        for at, niche, score in self._rows(query, first, self.iteration):
            known = self.scores[niche]
            known.at.append(at)
            known.value.append(self._finite(score))
            self.scored += 1
            if self.scored > MOST_SCORES or len(self.scores) > MOST_NICHES:
                raise ValueError(
                    f"a page shows at most {MOST_SCORES:,} scores of {MOST_NICHES:,} niches; "
                    f"{self.run.path} has more"
                )

    def _read_children(self) -> None:
        (last,) = next(self._rows("SELECT coalesce(max(id), -1) FROM children"))
        for at, outcome, number in self._rows(
            "SELECT iteration, outcome, count(*) FROM children WHERE id > ? AND id <= ? "
            "GROUP BY iteration, outcome ORDER BY iteration, outcome",
            self._last_child,
            last,
        ):
            if outcome != "admitted":
                self._named(self.refused, outcome).add(at, number)
        self._last_child = last

    def _read_moves(self) -> None:
        (last,) = next(self._rows("SELECT coalesce(max(id), -1) FROM transfers"))
        found = self.run.database.execute(_ACCEPTED, (self._last_transfer, last))
        while rows := found.fetchmany(AT_ONCE):
            at, source, target, kind, at_birth = zip(*rows, strict=True)
            for (iteration, name), number in sorted(Counter(zip(at, kind, strict=True)).items()):
                self._named(self.transfers, name).add(iteration, number)
            kinds = {name: self._kind(name) for name in set(kind)}
            cells = (at, source, target, [kinds[name] for name in kind], at_birth)
            for column, values in zip(self.moves.values(), cells, strict=True):
                column.extend(values)
            if len(self.moves["iteration"]) > MOST_ACCEPTED:
                raise ValueError(f"a page shows at most {MOST_ACCEPTED:,} accepted transfers")
        self._last_transfer = last
        self.lines.advance(self.moves, self.kinds)

    def _kind(self, kind: str) -> int:
        if kind[:LONGEST_NAME] not in self.kinds:
            self.kinds.append(kind[:LONGEST_NAME])
        return self.kinds.index(kind[:LONGEST_NAME])

    def _named(self, table: dict[str, Counts], name: str) -> Counts:
        if len(table) >= MOST_NAMES and name[:LONGEST_NAME] not in table:
            raise self._damaged(f"more than {MOST_NAMES} kinds of events")
        return table.setdefault(name[:LONGEST_NAME], Counts())
