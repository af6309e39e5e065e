"""The events of a run as JSON, one a line, in its file `events.jsonl`.

The lines of a run that was killed and resumed are those of an uninterrupted one, apart from the
values named clock_*.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from openpoet.archive.store.files import open_own

if TYPE_CHECKING:
    from .events import Event

# Lines are not parsed to continue a file, which may come from an untrusted source.
START = re.compile(rb'\{"iteration": (\d{1,18}), "event": ')
LONGEST = 1 << 20  # bytes of a line


class JsonLines:
    """The listener that writes the file; lines after iteration `resume_at` are discarded."""

    def __init__(self, path: Path, resume_at: int) -> None:
        self.file = os.fdopen(open_own(path, os.O_RDWR | os.O_CREAT), "r+b")
        kept = _kept(path, resume_at) if resume_at > 0 else 0
        self.file.truncate(kept)
        self.file.seek(kept)

    def write(self, events: Sequence[Event]) -> None:
        self.file.write(b"".join(map(line, events)))
        self.file.flush()

    def close(self) -> None:
        self.file.close()


def line(event: Event) -> bytes:
    fields = asdict(event)
    record = {"iteration": fields.pop("iteration"), "event": event.event, **fields}
    return json.dumps(record, allow_nan=False).encode() + b"\n"


def _kept(path: Path, resume_at: int) -> int:
    """Bytes up to the first line that is incomplete or of a later iteration than `resume_at`."""
    kept = 0
    with path.open("rb") as file:
        while (text := file.readline(LONGEST)).endswith(b"\n"):
            start = START.match(text)
            if start is None or int(start[1]) > resume_at:
                break
            kept += len(text)
    return kept
