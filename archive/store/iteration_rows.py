"""What one iteration adds to the archive, as rows: its events, scores and steps, and its row of
`iterations`. Their columns are declared in tables.py.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from . import chain, rows
from .kept import Cells, Kept
from .sessions import Tables, setting_rows
from .tables import TABLES, Iteration, Record

EVENT_TABLES = {table.event: table for table in TABLES.values() if table.event is not None}


def rows_added(
    record: Record,
    ledger: Mapping[str, int],
    settings: Tables,
    transfers: int,
    unscored: Container[int] = (),
) -> dict[str, list[Cells]]:
    """The rows for the tables that only grow, by table.

    ledger: environment steps by purpose; settings: those that change; transfers: rows of
    `transfers` so far; unscored: niches without a new score.
    """
    at = record["iteration"]
    added: dict[str, list[Cells]] = {table: [] for table in chain.ADDED}

    def add(table: str, found: Record, where: str) -> None:
        added[table].append(rows.cells(table, found, where))

    for niche in record["active"]:
        if niche["scores"] and niche["id"] not in unscored:
            add("scores", {"iteration": at, **rows.computed("scores", niche)}, "scores")
    for event in record["events"]:
        found = {name: cell for name, cell in event.items() if name != "event"}
        table = EVENT_TABLES[event["event"]].name
        if table == "transfers":  # they have no number of their own
            found["id"] = transfers + len(added[table]) + 1
        add(table, found, event["event"])
    for source, niche, score in record["scores_of_retired"]:
        found = {"iteration": at, "source": source, "niche": niche, "score": score}
        add("retired_scores", found, "scores_of_retired")
    for purpose, steps in ledger.items():
        add("ledger", {"iteration": at, "purpose": purpose, "steps": steps}, "ledger")
    added["settings"] = setting_rows(settings, at)
    return added


def unscored(record: Record, before: Mapping[int, Cells]) -> set[int]:
    """The active niches whose score is that of the last commit; before: their rows then, by id.

    In POET every niche is scored in every iteration, the levels of a curriculum are not.
    """
    return {
        niche["id"]
        for niche in record["active"]
        if niche["id"] in before
        and before[niche["id"]]["score_key"] == rows.text(niche["score_key"])
    }


def summary_row(now: Iteration, added: Mapping[str, Sequence[Cells]], kept: Kept) -> Cells:
    """The iteration's row of `iterations` without its hashes; kept: with the iteration's niches."""
    totals = {
        column.name: kept.last[column.name] + column.total(added)
        for column in TABLES["iterations"].columns
        if column.total is not None
    }
    summary = rows.computed("iterations", now) | kept.counts | totals
    return rows.cells("iterations", summary, "iteration", without=("state", "chain"))


def part_texts(record: Record) -> dict[str, str]:
    """The checkpoint without niches and the scores of retired agents, as JSON, a text a part."""
    elsewhere = ("active", "retired", "scores_of_retired")
    found = {name: part for name, part in record.items() if name not in elsewhere}
    return {
        part: str(
            rows.cells("checkpoint", {"part": part, "value": value}, f"checkpoint.{part}")["value"]
        )
        for part, value in found.items()
    }
