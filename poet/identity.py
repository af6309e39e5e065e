"""When two tasks are the same: the canonical encoding (all of a task) and the fingerprint (what
makes one task a duplicate of another).
"""

from __future__ import annotations

import json
from collections.abc import Hashable

from .interfaces import Task, TaskFamily


def canonical(family: TaskFamily, task: Task) -> str:
    """The encoding as text, the same for equal tasks."""
    return json.dumps(family.encode(task), sort_keys=True, separators=(",", ":"), allow_nan=False)


def fingerprint(family: TaskFamily, task: Task) -> Hashable:
    """A value that is equal for two tasks if one is a duplicate of the other.

    It is the canonical encoding, unless the family has a method `fingerprint`: the walker's leaves
    out the seed of the terrain, as the names of environments in the reference code do.
    """
    own = getattr(family, "fingerprint", None)
    return canonical(family, task) if own is None else own(task)
