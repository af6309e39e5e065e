"""Gymnasium's BipedalWalker terrains, easy and hardcore: the same track and push for the same seed.

The generator is left in the state in which Gymnasium's reset leaves it. The compiled code is in
physics/draw_track.py.
"""

from __future__ import annotations

import numpy as np

from .kernels import compile_kernels
from .physics.bits import address
from .physics.draw_track import DRAW, LENGTH, MOST_POLYGONS
from .track import Track


def track(rng: np.random.Generator, hardcore: bool) -> Track:
    """The track of a Gymnasium reset with this generator, which advances as in Gymnasium."""
    if DRAW.compiled is None:
        compile_kernels()
    ground, polygons = (
        np.empty((LENGTH, 2), np.float32),
        np.empty((MOST_POLYGONS, 4, 2), np.float32),
    )
    count, push = np.empty(1, np.int64), np.empty(1)
    with rng.bit_generator.lock:
        DRAW(address(rng), hardcore, ground, polygons, count, push)
    return Track(ground, polygons[: count[0]].copy(), float(push[0]))
