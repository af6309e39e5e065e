"""The digest of a run: equal for runs with the same results, independent of time, place and
interruptions.

Excluded are values that can differ between equal runs: columns named clock_*, the folder's name,
versions, the command, the name of a seeded niche's source, the hash chain and a selection's seal
(which cover that name), and settings that cannot change a result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import schema, seal
from .rows import text

if TYPE_CHECKING:
    from .run_folder import Run


# Tables and columns that differ between equal runs, and settings that cannot change a result.
UNCOUNTED_COLUMNS = {"niches": ("source",), "iterations": ("state", "chain")}
UNCOUNTED_TABLES = ("sessions",)
UNCOUNTED_RUN = ("iterations", "preset", "keep_every")  # of the section [run]
UNCOUNTED_KEYS = ("device", "threads", "max_rows")  # of any section


def digest(run: Run) -> str:
    """SHA-256 over every table, 64 hex digits. Weights are included by their hashes, which are
    verified.
    """
    found = hashlib.sha256()
    for table in sorted(set(schema.STATEMENTS) - set(UNCOUNTED_TABLES)):
        found.update(f"{table}\n".encode())
        left_out = UNCOUNTED_COLUMNS.get(table, ())
        for row in run.each(table):
            if table == "settings" and not counts(row):
                continue
            if table == "checkpoint" and row["part"] == seal.PART:
                continue
            kept = {
                n: cell
                for n, cell in row.items()
                if n not in left_out and not n.startswith("clock_")
            }
            found.update(text(kept).encode() + b"\n")
    for name in run.agent_names():
        run.agent(name)
    return found.hexdigest()


def counts(setting: Mapping[str, Any]) -> bool:
    """Whether a row of the settings can change a result."""
    if setting["section"] == "run" and (setting["key"] in UNCOUNTED_RUN or _is_path(setting)):
        return False
    return setting["key"] not in UNCOUNTED_KEYS


def _is_path(setting: Mapping[str, Any]) -> bool:
    """Whether the setting is the path of a plug-in's file; its content is included by a hash."""
    named = setting["key"] in ("family", "learner", "curriculum")
    return named and str(setting["value"]).endswith(".py")
