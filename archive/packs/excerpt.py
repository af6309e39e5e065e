"""What is copied of a run: everything, or selected niches with their lineage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..seeds.finding import ALL, choose
from ..store.measures import FIELDS, each, with_agents
from ..store.tables import AGENTS, TABLES
from ..store.weights import content_hash
from .files import Content
from .lineage import lineage

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent

    from ..store.run_folder import Run

Row = Mapping[str, Any]
Trim = Callable[["Agent"], "Agent"]

LATEST = "agent"  # the column of niches with the agent of the last score


@dataclass(frozen=True)
class Excerpt:
    """A run, and what is copied of it.

    niches: those whose rows are copied; None: all. children: the candidates that became these
    niches. agents: hashes of the agents, sorted. trim: what is copied of an agent; its hash
    changes, as `trimmed` has it, {old: new}.
    """

    run: Run
    niches: frozenset[int] | None
    children: frozenset[int]
    agents: tuple[str, ...]
    trim: Trim | None = None
    trimmed: Mapping[str, str] = field(default_factory=dict)

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
                    yield table, self._renamed(row) if table == "niches" else row

    def content(self) -> Content:
        """What a pack or a folder of it holds."""
        if self.trim is None:
            return Content(self.rows(), dict.fromkeys(self.agents, self.run), self.complete)
        stored = {new: old for old, new in self.trimmed.items()}
        agents = dict.fromkeys(stored, self.run)
        return Content(self.rows(), agents, self.complete, trim=self.trim, stored=stored)

    def _renamed(self, row: Row) -> Row:
        """A row of niches with the hashes of trimmed agents."""
        return {**row, **{name: self.trimmed.get(row[name], row[name]) for name in AGENTS}}

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


def excerpt(run: Run, expression: str | None, trim: Trim | None = None) -> Excerpt:
    """The whole run, or the niches for which the expression (seeds.select) holds: with their agents
    and, without agents, their lineage.

    The run is verified first, since a selection gets a new hash. trim: function that removes of an
    agent what is not to be copied; only the latest agents are then, also those of all niches.
    ValueError, one line, if it is damaged, or if there are no such niches.
    """
    if next(each(run, "SELECT id FROM niches LIMIT 1"), None) is None:
        raise ValueError(f"{run.path} holds no iteration: there is nothing to export")
    run.verify()
    if expression is None and trim is None:
        return whole(run)
    chosen = choose(run.path, expression or ALL, (*FIELDS, "alive"), lambda: with_agents(run))
    niches = frozenset(lineage(run, chosen))
    children = frozenset(
        row["id"]
        for row in each(run, "SELECT id, niche FROM children WHERE niche IS NOT NULL")
        if row["niche"] in niches
    )
    agents = _agents(run, chosen, AGENTS if trim is None else (LATEST,))
    trimmed = {} if trim is None else {name: content_hash(trim(run.agent(name))) for name in agents}
    return Excerpt(run, niches, children, agents, trim, trimmed)


def _agents(run: Run, niches: Iterable[int], columns: Iterable[str]) -> tuple[str, ...]:
    """The hashes of the niches' agents that are here, sorted. columns: which agents."""
    names = {
        row[column]
        for id in niches
        for row in each(run, f"SELECT {', '.join(AGENTS)} FROM niches WHERE id = ?", id)
        for column in columns
        if row[column]
    }
    return tuple(sorted(name for name in names if run.complete or run.agents.holds(name)))
