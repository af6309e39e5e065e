"""What one iteration adds to the archive, as rows: its events, scores and steps, and its row of
`iterations`.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from . import chain, rows
from .kept import Cells, Kept
from .sessions import Tables, setting_rows

Record = Mapping[str, Any]  # of poet.checkpoint.to_records


def rows_added(
    record: Record, ledger: Mapping[str, int], settings: Tables, transfers: int
) -> dict[str, list[Cells]]:
    """The rows for the tables that only grow, by table.

    ledger: environment steps by purpose; settings: those that change; transfers: rows of
    `transfers` so far.
    """
    at = record["iteration"]
    added: dict[str, list[Cells]] = {table: [] for table in chain.ADDED}
    for niche in record["active"]:
        if niche["scores"]:
            found = {
                "iteration": at,
                "niche": niche["id"],
                "score": niche["scores"][-1],
                "before": niche["before"],
            }
            added["scores"].append(rows.cells("scores", found, "scores"))
    for event in record["events"]:
        kind, fields = (
            event["event"],
            {name: cell for name, cell in event.items() if name != "event"},
        )
        if kind == "child":
            added["children"].append(rows.cells("children", fields, "child"))
        else:
            transfers += 1
            added["transfers"].append(
                rows.cells("transfers", {"id": transfers, **fields}, "transfer")
            )
    for source, niche, score in record["scores_of_retired"]:
        found = {"iteration": at, "source": source, "niche": niche, "score": score}
        added["retired_scores"].append(rows.cells("retired_scores", found, "scores_of_retired"))
    for purpose, steps in ledger.items():
        found = {"iteration": at, "purpose": purpose, "steps": steps}
        added["ledger"].append(rows.cells("ledger", found, "ledger"))
    added["settings"] = setting_rows(settings, at)
    return added


def summary_row(
    record: Record, added: Mapping[str, Sequence[Cells]], kept: Kept, clock_seconds: float
) -> Cells:
    """The iteration's row of `iterations`, but for its hashes; kept: with the iteration's
    niches.
    """
    scores = [niche["scores"][-1] for niche in record["active"] if niche["scores"]]
    summary = {
        "iteration": record["iteration"],
        "active": len(kept.active),
        "retired": kept.retired,
        "best": max(scores, default=None),
        "median": statistics.median(scores) if scores else None,
        "annecs": kept.annecs,
        "annecs_reference": kept.annecs_reference,
        "children": kept.last["children"] + len(added["children"]),
        "transfers": kept.last["transfers"] + len(added["transfers"]),
        "steps": kept.last["steps"] + sum(row["steps"] for row in added["ledger"]),
        "clock_seconds": float(clock_seconds),
    }
    return rows.cells("iterations", summary, "iteration", without=("state", "chain"))


def part_texts(record: Record) -> dict[str, str]:
    """The checkpoint but for niches and the scores of retired agents, as JSON, a text a part."""
    elsewhere = ("active", "retired", "scores_of_retired")
    found = {name: part for name, part in record.items() if name not in elsewhere}
    return {
        part: str(
            rows.cells("checkpoint", {"part": part, "value": value}, f"checkpoint.{part}")["value"]
        )
        for part, value in found.items()
    }
