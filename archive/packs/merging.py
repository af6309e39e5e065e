"""Several runs or packs as one: their niches numbered anew, their totals added up. What several of
the same state of a run have appears once.
"""

from __future__ import annotations

import heapq
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ..store import chain
from ..store.digest import UNCOUNTED_KEYS, UNCOUNTED_RUN
from ..store.printable import printable
from ..store.schema import ORDER
from ..store.tables import TABLES
from .excerpt import excerpt
from .files import Content
from .same_state import State, states

if TYPE_CHECKING:
    from ..store.run_folder import Run

Row = Mapping[str, Any]

SUMS = ("annecs", "annecs_reference", "children", "transfers", "steps")  # of `iterations`


def content(runs: Sequence[Run]) -> Content:
    """One run as it is, or several as one. ValueError if their settings do not agree."""
    parts = [excerpt(run, None) for run in runs]
    if len(parts) == 1:
        return parts[0].content()
    for other in runs[1:]:
        _check_settings(runs[0], other)
    found = states(runs)
    agents = dict(agent for state in reversed(found) for agent in state.agents())
    return Content(_rows(found), agents, complete=False)


def _check_settings(first: Run, other: Run) -> None:
    """ValueError unless tasks and agents of the two mean the same; how they evolved may differ."""
    here, there = _meaning(first), _meaning(other)
    for name in sorted({*here, *there}):
        if here.get(name) != there.get(name):
            raise ValueError(
                f"{other.path} cannot be merged with {first.path}: its {name} is "
                f"{_shown(there, name)}, there it is {_shown(here, name)}; archives of "
                "the same family, learner and settings can be merged"
            )


def _shown(settings: Mapping[str, Any], name: str) -> str:
    return f"{settings[name]!r:.60}" if name in settings else "missing"


def _meaning(run: Run) -> dict[str, Any]:
    """The settings that change what a task or an agent is, by section.key."""
    return {
        f"{section}.{key}": value
        for section, table in run.settings().items()
        for key, value in table.items()
        if section != "poet"
        and key not in UNCOUNTED_KEYS
        and not (section == "run" and key in UNCOUNTED_RUN)
    }


def _rows(found: Sequence[State]) -> Iterator[tuple[str, Row]]:
    """The rows of all tables, each table in the order of its key."""
    numbers = _numbers(found)
    for table in TABLES:
        rows: Iterable[Row]
        if table == "settings":
            rows = found[0].runs[0].each(table)
        elif table == "ledger":
            rows = _ledger(found)
        elif table == "iterations":
            rows = [_summary(found)]
        elif table == "checkpoint":
            rows = ()
        else:
            rows = heapq.merge(
                *(_numbered(state, table, own) for state, own in zip(found, numbers, strict=True)),
                key=itemgetter(*ORDER[table]),
            )
        yield from ((table, row) for row in rows)


class _Numbers:
    """New numbers of one state's niches, children, transfers and sessions."""

    def __init__(self, state: State, before: _Numbers | None) -> None:
        ids = [row["id"] for _, row in state.each("niches")]
        first = 0 if before is None else before.end["niches"]
        self.path = state.runs[0].path
        self.niches: dict[int, int] = {id: first + place for place, id in enumerate(ids)}
        self.first: dict[str, int] = {} if before is None else before.end
        self.end: dict[str, int] = {"niches": first + len(ids)}
        for table in ("children", "transfers", "sessions"):
            self.end[table] = self.first.get(table, 0) + state.last(table) + 1

    def niche(self, id: int | None) -> int | None:
        if id is None:
            return None
        if id not in self.niches:
            raise ValueError(f"{self.path}: there is no niche {id!r:.20}, which a row names")
        return self.niches[id]

    def other(self, table: str, id: int) -> int:
        return self.first.get(table, 0) + id


def _numbers(states: Sequence[State]) -> list[_Numbers]:
    found: list[_Numbers] = []
    for state in states:
        found.append(_Numbers(state, found[-1] if found else None))
    return found


def _numbered(state: State, table: str, numbers: _Numbers) -> Iterator[Row]:
    """The rows of a table with new numbers."""
    niche = numbers.niche
    for run, row in state.each(table):
        new: dict[str, Any] = {}
        match table:
            case "niches":
                source = row["source"] or printable(f"{run.path.name}#{row['id']}")
                new = {"id": niche(row["id"]), "parent": niche(row["parent"]), "source": source}
            case "scores":
                new = {"niche": niche(row["niche"])}
            case "children":
                new = {
                    "id": numbers.other(table, row["id"]),
                    "parent": niche(row["parent"]),
                    "niche": niche(row["niche"]),
                }
            case "transfers":
                born = row["at_birth"]
                target = row["target"]
                new = {
                    "id": numbers.other(table, row["id"]),
                    "source": niche(row["source"]),
                    "target": numbers.other("children", target) if born else niche(target),
                }
            case "retired_scores":
                new = {"source": niche(row["source"]), "niche": niche(row["niche"])}
            case "sessions":
                new = {"id": numbers.other(table, row["id"])}
        yield {**row, **new}


def _ledger(states: Sequence[State]) -> Iterator[Row]:
    """Environment steps by purpose, as of the last iteration."""
    last, steps = _last(states), Counter[str]()
    for state in states:
        for _, row in state.each("ledger"):
            steps[row["purpose"]] += row["steps"]
    for purpose, number in sorted(steps.items()):
        yield {"iteration": last, "purpose": purpose, "steps": number}


def _summary(states: Sequence[State]) -> Row:
    """The only row of `iterations`: totals, without hashes of a chain."""
    iterations = [[row for _, row in state.each("iterations")] for state in states]
    niches = [row for state in states for _, row in state.each("niches")]
    active = [row["score"] for row in niches if row["died"] is None]
    scores = [score for score in active if score is not None]
    return {
        "iteration": _last(states),
        "active": len(active),
        "retired": len(niches) - len(active),
        "best": max(scores, default=None),
        "median": statistics.median(scores) if scores else None,
        **{name: sum(rows[-1][name] for rows in iterations) for name in SUMS},
        "clock_seconds": sum(row["clock_seconds"] for rows in iterations for row in rows),
        "state": chain.FIRST,
        "chain": chain.FIRST,
    }


def _last(states: Sequence[State]) -> int:
    """The highest number of an iteration."""
    return max(run.last_iteration() for state in states for run in state.runs)
