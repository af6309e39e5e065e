"""A track: the static geometry for one walker, built by layouts and read by the physics."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


# tracks are compared by identity, since derived data is cached per object
@dataclass(frozen=True, eq=False)
class Track:
    """Static geometry in Box2D's world frame, and the push on the hull at the start.

    ground:   [points, 2] float32 [m]; consecutive points are joined by an edge. Created after the
    polygons.
    polygons: [polygons, 4, 2] float32 [m], corners as passed to Box2D, in order of creation.
    push:     horizontal force on the hull during the first step [N].
    """

    ground: np.ndarray
    polygons: np.ndarray
    push: float

    def __post_init__(self) -> None:
        if self.ground.ndim != 2 or self.ground.shape[1] != 2 or len(self.ground) < 2:
            raise ValueError(
                f"ground must have shape [points >= 2, 2], got {list(self.ground.shape)}"
            )
        if self.polygons.ndim != 3 or self.polygons.shape[1:] != (4, 2):
            raise ValueError(
                f"polygons must have shape [polygons, 4, 2], got {list(self.polygons.shape)}"
            )
        if not (_finite(self.ground) and _finite(self.polygons) and math.isfinite(self.push)):
            raise ValueError("a track must be finite, got NaN or infinity")


def _finite(values: np.ndarray) -> bool:
    # np.all of so few numbers takes longer than to count them
    return np.count_nonzero(np.isfinite(values)) == values.size
