"""Level vectors of the dcd benchmark as tasks: PLR's and ACCEL's walker levels (arXiv 2203.01302,
table 9).

A level is the vector below, or its first five numbers (a level without stairs), and may end with a
seed, as the encodings that dcd stores do. Lengths are in tiles of 14/30 m.

| number | meaning | range |
|---|---|---|
| 1 | roughness | [0, 10] |
| 2, 3 | width of gaps, low and high end | [0, 10] |
| 4, 5 | height of stumps, low and high end | [0, 5] |
| 6, 7 | height of a stair's step, low and high end | [0, 5] |
| 8 | steps of a stair | [1, 9] |

A level has the same distribution of tracks as in dcd, but not the same tracks: the seed is that of
our generator.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .encoding import LARGEST_SEED
from .obstacles import Interval, Obstacles
from .task import TaskSettings, WalkerTask

NAMES = (
    "roughness", "gap low", "gap high", "stump low", "stump high", "stair height low",
    "stair height high", "stair steps",
)  # fmt: skip
RANGES = ((0, 10), (0, 10), (0, 10), (0, 5), (0, 5), (0, 5), (0, 5), (1, 9))
WITHOUT_STAIRS = 5  # numbers


def dcd_task(level: Any) -> WalkerTask:
    """The task of a level [8], [5] without stairs, or [9], [6] with its seed last; layout dcd.

    The ends of an interval are sorted and the steps rounded, as in dcd. The layout omits obstacles
    below dcd's minimum sizes. Without a seed every episode has another track. ValueError, one line,
    if it is not a level.
    """
    values = np.asarray(level)
    sizes = [WITHOUT_STAIRS, len(NAMES)]
    if values.ndim != 1 or len(values) not in (*sizes, *(size + 1 for size in sizes)):
        got = str(len(values)) if values.ndim == 1 else f"an array of shape {list(values.shape)}"
        expected = "a dcd level has 8 numbers (5 without stairs), and one more if its seed follows"
        raise ValueError(f"{expected}; got {got}")
    numbers = [_number(value) for value in values.tolist()]
    seed = _seed(numbers.pop()) if len(numbers) not in sizes else None
    for name, (least, most), number in zip(NAMES, RANGES, numbers, strict=False):
        if not least <= number <= most:  # NaN too
            raise ValueError(f"{name} must be in [{least}, {most}], got {number:g}")
    genome = Obstacles(numbers[0], gap=_interval(numbers[1:3]), stump=_interval(numbers[3:5]))
    if len(numbers) == len(NAMES):
        genome = replace(genome, stairs=_interval(numbers[5:7]), stair_steps=round(numbers[7]))
    return WalkerTask(genome, seed, TaskSettings(layout="dcd"))


def _interval(ends: list[float]) -> Interval:
    return min(ends), max(ends)


def _number(value: Any) -> float:
    try:
        return float(value)  # dcd stores numbers as text
    except (TypeError, ValueError):
        raise ValueError(f"a dcd level must hold numbers, got {str(value)[:40]!r}") from None


def _seed(value: float) -> int:
    if not (0 <= value < LARGEST_SEED and value == int(value)):
        got = str(value)[:40]
        raise ValueError(f"the level's seed must be a whole number in [0, 2**32), got {got}")
    return int(value)
