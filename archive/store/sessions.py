"""Rows for sessions and settings: the process that writes to a run, and the settings it changes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import rows

Tables = Mapping[str, Mapping[str, Any]]  # {section: {key: value}}


@dataclass(frozen=True)
class Session:
    """A process that writes, and the settings it changes; recorded with its first commit."""

    command: Sequence[str]
    versions: Mapping[str, str]
    settings: Tables = field(default_factory=dict)


def setting_rows(settings: Tables, iteration: int) -> list[rows.Row]:
    """Rows of the table `settings`; iteration: the first to which they apply."""
    return [
        rows.cells(
            "settings",
            {"iteration": iteration, "section": section, "key": key, "value": value},
            f"setting {section}.{key}",
        )
        for section, table in settings.items()
        for key, value in table.items()
    ]


def session_row(session: Session, iteration: int) -> rows.Row:
    """A row of the table `sessions`; iteration: the first that the session writes."""
    row = {
        "iteration": iteration,
        "command": list(session.command),
        "versions": dict(session.versions),
        "clock_began": time.time(),
    }
    return rows.cells("sessions", row, "session", without=("id",))
