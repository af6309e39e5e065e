"""The digest of a run: equal for two runs that did the same, whenever, wherever and in however many pieces.

Left out is what may differ between equal runs: columns named clock_*, the folder's name, versions, the command, and the
name a seeded niche's source had.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from . import schema
from .rows import text

if TYPE_CHECKING:
    from .run_folder import Run


def digest(run: Run) -> str:
    """SHA-256 over every table, 64 hex digits. Weights count by their hashes, each checked against its file."""
    found = hashlib.sha256()
    for table in sorted(schema.TABLES):
        found.update(f"{table}\n".encode())
        for row in run.each(table):
            if table == "niches":
                del row["source"]
            kept = {name: cell for name, cell in row.items() if not name.startswith("clock_")}
            found.update(text(kept).encode() + b"\n")
    for name in sorted({row[column] for row in run.niche_rows() for column in ("agent", "birth_agent")}):
        run.agent(name)
    return found.hexdigest()
