"""What is copied of a run: everything, or selected niches with their lineage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..seeds.finding import choose
from ..store.measures import FIELDS, each, with_agents
from ..store.tables import AGENTS, TABLES
from .lineage import lineage

if TYPE_CHECKING:
    from ..store.run_folder import Run

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Excerpt:
    """A run, and what is copied of it.

    niches: those whose rows are copied; None: all. children: the candidates that became these
    niches. agents: hashes of the agents, sorted.
    """

    run: Run
    niches: frozenset[int] | None
    children: frozenset[int]
    agents: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether it is a whole run, which can be resumed."""
        return self.niches is None and self.run.complete

    def rows(self) -> Iterator[tuple[str, Row]]:
        """All rows but those of a seal, (table, row), in the order of TABLES."""
        for table in TABLES:
            if table == "checkpoint" and not self.complete:
                continue
            for row in self.run.each(table):
                if self.niches is None or self._copies(table, row):
                    yield table, row

    def _copies(self, table: str, row: Row) -> bool:
        """Whether a row is about copied niches only."""
        assert self.niches is not None
        match table:
            case "niches":
                return row["id"] in self.niches
            case "scores":
                return row["niche"] in self.niches
            case "children":
                return row["id"] in self.children
            case "transfers":
                targets = self.children if row["at_birth"] else self.niches
                return row["source"] in self.niches and row["target"] in targets
            case "retired_scores":
                return row["source"] in self.niches and row["niche"] in self.niches
        return True


def whole(run: Run) -> Excerpt:
    """The whole run, unverified."""
    return Excerpt(run, None, frozenset(), tuple(run.agent_names()))


def excerpt(run: Run, expression: str | None) -> Excerpt:
    """The whole run, or the niches for which the expression (seeds.select) holds: with their agents
    and, without agents, their lineage.

    The run is verified first, since a selection gets a new hash. ValueError, one line, if it is
    damaged, or if there are no such niches.
    """
    if next(each(run, "SELECT id FROM niches LIMIT 1"), None) is None:
        raise ValueError(f"{run.path} holds no iteration: there is nothing to export")
    run.verify()
    if expression is None:
        return whole(run)
    chosen = choose(run.path, expression, (*FIELDS, "alive"), lambda: with_agents(run))
    niches = frozenset(lineage(run, chosen))
    children = frozenset(
        row["id"]
        for row in each(run, "SELECT id, niche FROM children WHERE niche IS NOT NULL")
        if row["niche"] in niches
    )
    agents = {
        row[column]
        for id in chosen
        for row in each(run, f"SELECT {', '.join(AGENTS)} FROM niches WHERE id = ?", id)
        for column in AGENTS
        if row[column] and (run.complete or run.agents.holds(row[column]))
    }
    return Excerpt(run, niches, children, tuple(sorted(agents)))
