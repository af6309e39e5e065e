"""The seal of selected niches: a SHA-256 over all their rows and the hashes of their agents.

A selection of a run's niches lacks rows, so the run's hash chain cannot be walked. Its checkpoint
is a single part with this hash. Like the chain it detects edits and damage, not forgery.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from . import rows
from .schema import COLUMNS
from .tables import TABLES

if TYPE_CHECKING:
    from .contents import RunContents

PART = "selection"
Cells = Sequence[Any]


def sealed(
    written: Iterable[tuple[str, Cells]], agents: Iterable[str]
) -> Iterator[tuple[str, Cells]]:
    """The rows, (table, cells), and then the row with their seal. agents: hashes, sorted."""
    found = hashlib.sha256()
    for table, cells in written:
        found.update(rows.text([table, *cells]).encode() + b"\n")
        yield table, cells
    for name in agents:
        found.update(f"{name}\n".encode())
    yield "checkpoint", [PART, rows.text({"sha256": found.hexdigest()})]


def check(run: RunContents) -> str:
    """Verify the seal, and return it, 64 hex digits. ValueError, one line, if it differs."""
    written = (
        (table, [cells[name] for name in COLUMNS[table]])
        for table in TABLES
        if table != "checkpoint"
        for row in run.each(table)
        for cells in (rows.cells(table, row, f"{run.path}: {table}"),)
    )
    ((_, expected),) = deque(sealed(written, run.agent_names()), maxlen=1)  # the last row
    if [[row["part"], rows.text(row["value"])] for row in run.each("checkpoint")] != [[*expected]]:
        raise ValueError(
            f"{run.path}: its rows or agents do not have the hash that was recorded when they were "
            "exported: they were changed, added or removed"
        )
    found: str = rows.value(expected[1], "seal")["sha256"]
    return found
