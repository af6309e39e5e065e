"""The terrain construction of dcd, with which PLR's and ACCEL's results on the walker were measured
(arXiv 2203.01302).

It differs from POET's in four points that affect comparability: obstacles below a minimum size are
omitted; after a stump the generator stays in the stump's segment for 4 to 8 further flat tiles, so
that the same parameters give fewer obstacles; the number of stairs is drawn from 0 to n - 1;
stairs that lead down have one drop more than our layout of POET.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .obstacles import Obstacles
from .poet_layout import STAIR_WIDTH, TILE, Pen, draw, pit, rise_of, size_of, steps
from .track import Track

LEAST = {"stump": 0.2, "gap": 0.8, "stairs": 0.2}  # obstacles with lower upper ends are omitted


def track(genome: Obstacles, seed: int, length: int = 200) -> Track:
    """The track of a genome with this seed; length in tiles."""
    absent = [
        name for name, least in LEAST.items() if (size := getattr(genome, name)) and size[1] < least
    ]
    # replace() by names: mypy would have each value fit every field.
    kept = replace(genome, **dict.fromkeys(absent))  # type: ignore[arg-type]
    return draw(kept, seed, length, {"stump": long_stump, "stairs": fewer_stairs, "gap": pit})


def long_stump(
    pen: Pen, tile: int, y: float, genome: Obstacles, rng: np.random.Generator
) -> tuple[int, float]:
    """A stump, followed by flat tiles: dcd does not reset the segment's counter."""
    x, tiles = tile * TILE, int(rng.integers(5, 10))
    pen.block(x, x + TILE, y, y + size_of(genome.stump, rng) * TILE)
    for i in range(tiles):
        pen.to(x + i * TILE, y)
    return tiles, y


def fewer_stairs(
    pen: Pen, tile: int, y: float, genome: Obstacles, rng: np.random.Generator
) -> tuple[int, float]:
    """Stairs of 0 to n - 1 steps: dcd draws with n as an exclusive upper bound.

    The ground of stairs that lead down is one step lower than their blocks, also behind the last.
    """
    count = int(rng.integers(genome.stair_steps))
    pen.to(tile * TILE, y)
    if count == 0:
        return 1, y
    rise = rise_of(genome, rng)
    steps(pen, tile, y, count, rise)
    below = min(rise, 0.0)
    for i in range(count * STAIR_WIDTH):
        pen.to((tile + 1 + i) * TILE, y + i // STAIR_WIDTH * rise + below)
    return count * STAIR_WIDTH + 1, y + (count - 1) * rise + below
