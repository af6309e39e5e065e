"""Editing of a walker's terrain by strokes of a mouse.

A stroke that begins on an obstacle moves its edge: the sizes of all obstacles of that kind change
by as much, so that the one under the mouse follows it. On free ground a stroke draws what there
shall be: upwards stumps of that height, sideways gaps of that width, downwards roughness. Where
obstacles stand follows from the task's seed, since the genome has no places.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .knobs import knobs, turned, with_interval
from .obstacles import Bounds
from .poet_layout import TILE
from .task import WalkerTask
from .track import Track

ROUGHNESS_PER_METRE = 5.0  # of a stroke downwards
REACH = TILE / 2  # [m] from an obstacle, within which a stroke begins on it
SHORTEST = TILE / 4  # [m]


@dataclass(frozen=True)
class Grabbed:
    """An obstacle on which a stroke begins: its kind, and the way [2] [m] that makes it larger."""

    kind: str
    larger: tuple[float, float]


STUMP, STEP = Grabbed("stump", (0.0, 1.0)), Grabbed("stairs", (0.0, 1.0))
NEAR_WALL, FAR_WALL = Grabbed("gap", (-1.0, 0.0)), Grabbed("gap", (1.0, 0.0))


def drawn(
    task: WalkerTask, bounds: Bounds, seeds: int, track: Track, stroke: np.ndarray
) -> WalkerTask:
    """The task after a stroke [2, 2] [m], from and to, on its track; the task itself where the
    family has no such obstacles. seeds: see `knobs`.
    """
    across, up = (float(part) for part in stroke[1] - stroke[0])
    limits = knobs(task, bounds, seeds)
    if math.hypot(across, up) < SHORTEST or not limits:
        return task
    found = grabbed(track, stroke[0])
    if found is not None and f"{found.kind} to" in limits:
        by = (across * found.larger[0] + up * found.larger[1]) / TILE
        most = limits[f"{found.kind} to"][2]
        low, high = (
            round(min(max(end + by, 0.0), most), 1) + 0.0
            for end in getattr(task.genome, found.kind) or (0.0, 0.0)
        )
        return with_interval(task, found.kind, (low, high))
    if abs(across) > abs(up):
        name, value = "gap to", abs(across) / TILE
    elif up > 0:
        name, value = "stump to", up / TILE
    else:
        name, value = "roughness", -up * ROUGHNESS_PER_METRE
    return turned(task, name, min(value, limits[name][2])) if name in limits else task


def grabbed(track: Track, point: np.ndarray) -> Grabbed | None:
    """The obstacle within REACH of a point [2] [m]; None if there is none."""
    if not len(track.polygons):
        return None
    low, high = track.polygons.min(1), track.polygons.max(1)
    away = np.maximum(low - point, point - high).clip(0).max(1)
    near = int(np.argmin(away))
    return _kinds(track, low, high)[near] if away[near] <= REACH else None


def _kinds(track: Track, low: np.ndarray, high: np.ndarray) -> list[Grabbed]:
    """The kind of each rectangle, whose corners are low and high [rectangles, 2] [m].

    A stump stands on the ground; tops of a gap's first wall and of a flight's first step are level
    with it, and a wall is deeper than a step. The second wall of a gap comes after its first.
    """
    found: list[Grabbed] = []
    levels = np.interp(low[:, 0], *track.ground.T)
    for (left, bottom), (_, top), before, level in zip(
        low, high, [-np.inf, *high[:-1, 0]], levels, strict=True
    ):
        if found and found[-1] is NEAR_WALL:
            found.append(FAR_WALL)
        elif left == before and found[-1] is STEP:
            found.append(STEP)
        elif level < (bottom + top) / 2:
            found.append(STUMP)
        else:
            found.append(NEAR_WALL if top - bottom > 2 * TILE else STEP)
    return found
