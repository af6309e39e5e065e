"""Tasks named by an archive and a niche: "runs/a#12", "walkers.poet#12".

Task families do not read archives: the package `openpoet` connects this module with the reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

NAME = re.compile(r"(?P<archive>[^{].*)#(?P<niche>[0-9]{1,15})", re.DOTALL)
Reader = Callable[[str, int, str], Any]  # of an archive's name, a niche and a family's name
_readers: list[Reader] = []


def connect(reader: Reader) -> None:
    """Set the function that reads tasks; it is called when a task is asked for."""
    _readers[:] = [reader]


def is_name(text: str) -> bool:
    """Whether the text names a niche of an archive."""
    return NAME.fullmatch(text) is not None


def archived_task(name: str, family: str) -> Any:
    """The JSON of the task of that name, with all that realises it.

    ValueError, one line: there is no such archive or niche, it is damaged, or its tasks are of
    another family.
    """
    found = NAME.fullmatch(name)
    if found is None or not _readers:
        raise ValueError(f"a task of an archive is named ARCHIVE#NICHE, got {name[:60]!r}")
    return _readers[0](found["archive"], int(found["niche"]), family)
