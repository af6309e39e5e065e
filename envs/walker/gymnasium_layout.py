"""Gymnasium's own BipedalWalker terrains, easy and hardcore: the same track and the same push for
the same seed.

The generator is left where Gymnasium's reset leaves it. The drawing is compiled:
physics/draw_track.py.
"""

from __future__ import annotations

import numpy as np

from .kernels import compile_kernels
from .physics.bits import address
from .physics.draw_track import DRAW, LENGTH, MOST_POLYGONS
from .track import Track


def track(rng: np.random.Generator, hardcore: bool) -> Track:
    """The track of Gymnasium's reset with this generator, which is left where Gymnasium leaves
    it.
    """
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
