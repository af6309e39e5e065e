"""Archives of the same state of a run, read as one: what several of them have appears once."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ..store import chain
from ..store.measures import each
from ..store.schema import ORDER
from ..store.tables import AGENTS

if TYPE_CHECKING:
    from ..store.run_folder import Run

Row = Mapping[str, Any]


@dataclass(frozen=True)
class State:
    """A run, or parts of it that were exported at the same iteration: the last hash of their chains
    is the same, so equal numbers mean the same niche, candidate or transfer.
    """

    runs: tuple[Run, ...]

    def each(self, table: str) -> Iterator[tuple[Run, Row]]:
        """The rows of a table in the order of its key, each once, with an archive that has it.

        Of a niche, that of an archive which has its agent, if there is one. ValueError, one line,
        if two archives differ elsewhere.
        """
        key = itemgetter(*ORDER[table])
        streams = [((key(row), run, row) for row in run.each(table)) for run in self.runs]
        merged = heapq.merge(*streams, key=itemgetter(0))
        for _, same in groupby(merged, key=itemgetter(0)):
            found = [(run, row) for _, run, row in same]
            if table == "niches":
                yield next((one for one in found if _holds(*one)), found[0])
                continue
            for run, row in found:
                if row != found[0][1]:
                    raise ValueError(
                        f"{run.path} and {found[0][0].path} have the same last hash and other "
                        f"{table}: one of them was edited"
                    )
            yield found[0]

    def last(self, table: str) -> int:
        """The highest id in a table; 0 if it is empty."""
        query = f"SELECT coalesce(max(id), 0) AS last FROM {table}"
        return max(row["last"] for run in self.runs for row in each(run, query))

    def agents(self) -> Iterator[tuple[str, Run]]:
        """The hashes of the niches' agents, each with an archive that has it."""
        for _, row in self.each("niches"):
            for name in filter(None, map(row.get, AGENTS)):
                yield from ((name, run) for run in self.runs if run.agents.holds(name))


def states(runs: Iterable[Run]) -> list[State]:
    """The archives by the states that they hold, in the order of the first of each."""
    found: dict[Any, list[Run]] = {}
    for place, run in enumerate(runs):
        query = "SELECT chain FROM iterations ORDER BY iteration DESC LIMIT 1"
        (row,) = each(run, query)
        # a merged archive has no chain
        found.setdefault(place if row["chain"] == chain.FIRST else row["chain"], []).append(run)
    return [State(tuple(group)) for group in found.values()]


def _holds(run: Run, row: Row) -> bool:
    return run.agents.holds(row["agent"])
