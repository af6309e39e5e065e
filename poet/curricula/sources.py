"""Where new levels come from: drawn from the whole family, drawn near the trivial task, or edited.

A family may have methods of its own for each (docs/reference/interfaces.md); the others are served
by `sample` and `mutate`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..interfaces import Task, TaskFamily

Source = Callable[[TaskFamily, np.random.Generator], Task]


def random_level(family: Any, rng: np.random.Generator) -> Task:
    """Any level of the family. ValueError if it can draw none."""
    for method in ("level", "sample"):
        if hasattr(family, method):
            return getattr(family, method)(rng)
    raise ValueError(
        "a curriculum needs a family that can draw a task (method `sample`), and this one cannot; "
        'take another family, or with accel curriculum.base="easy"'
    )


def easy_level(family: Any, rng: np.random.Generator) -> Task:
    """A level near the trivial task: without a method of its own a mutation of the origin."""
    if hasattr(family, "easy_level"):
        return family.easy_level(rng)
    return family.mutate(family.origin(), rng)


def edited(family: Any, task: Task, rng: np.random.Generator, edits: int) -> Task:
    """The level after some edits: without a method of its own, mutations."""
    edit = family.edit if hasattr(family, "edit") else family.mutate
    for _ in range(edits):
        task = edit(task, rng)
    return task
