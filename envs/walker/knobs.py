"""Editing of a walker's task by hand: numbers of its obstacle genome within the family's bounds.
A CPPN has no such numbers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .obstacles import Bounds, Category, Obstacles
from .task import WalkerTask

Knob = tuple[float, float, float, float]  # value, low, high, step
ENDS = ("from", "to")
INTERVALS: dict[str, Category] = {"gap": "pit", "stump": "stump", "stairs": "stairs"}


def knobs(task: WalkerTask, bounds: Bounds, seeds: int) -> dict[str, Knob]:
    """What can be turned, by name. seeds: the number of seeds of a task that has one."""
    genome, found = task.genome, dict[str, Knob]()
    if isinstance(genome, Obstacles):
        if "roughness" in bounds.categories:
            found["roughness"] = (genome.roughness, 0.0, bounds.roughness_max, 0.1)
        for name, category in INTERVALS.items():
            if category in bounds.categories:
                values = getattr(genome, name) or (0.0, 0.0)
                most = bounds.gap_max if name == "gap" else bounds.height_max
                for end, value in zip(ENDS, values, strict=True):
                    found[f"{name} {end}"] = (value, 0.0, most, 0.1)
        if "stairs" in bounds.categories:
            found["stair steps"] = (genome.stair_steps, 1, bounds.stair_steps_max, 1)
        if task.seed is not None:
            found["seed"] = (task.seed, 0, seeds - 1, 1)
    return found


def turned(task: WalkerTask, name: str, value: float) -> WalkerTask:
    """The task with another value of one of its knobs; the other end of an interval follows."""
    genome = task.genome
    assert isinstance(genome, Obstacles)
    if name == "seed":
        return replace(task, seed=round(value))
    if name == "stair steps":
        return replace(task, genome=replace(genome, stair_steps=round(value)))
    number = round(float(value), 1) + 0.0
    if name == "roughness":
        return replace(task, genome=replace(genome, roughness=number))
    kind, end = name.split()
    low, high = getattr(genome, kind) or (0.0, 0.0)
    ends = (number, max(number, high)) if end == "from" else (min(low, number), number)
    return with_interval(task, kind, ends)


def with_interval(task: WalkerTask, kind: str, ends: tuple[float, float]) -> WalkerTask:
    """The task with other sizes of a kind of obstacle; without it if they are all 0."""
    assert isinstance(task.genome, Obstacles)
    changed: dict[str, Any] = {kind: ends if ends[1] > 0 else None}
    return replace(task, genome=replace(task.genome, **changed))
