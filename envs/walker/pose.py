"""Poses of walkers, read from their state: polygons and lidar rays for pictures, hull motion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .physics import state as at
from .physics.body import BODIES, COUNT
from .physics.lidar import RAY_X, RAY_Y, RAYS

if TYPE_CHECKING:
    from .batch import WalkerBatch


@dataclass(frozen=True)
class Pose:
    """Pose of one walker, world frame [m], float32."""

    # closed polygons [corners + 1, 2]: hull, leg 0, lower leg 0, leg 1, lower leg 1
    bodies: list[np.ndarray]
    rays: np.ndarray  # [10, 2, 2] both ends of each lidar ray, the hull's first
    hull: tuple[float, float]


def pose(block: np.ndarray) -> Pose:
    """The pose of a walker from its floats [FLOATS]; a copy, not a view."""
    bodies = []
    for body in range(BODIES):
        start = int(body * at.BODY_SIZE + at.CORNER)
        corners = block[start : start + 2 * COUNT[body]].reshape(-1, 2)
        bodies.append(np.concatenate([corners, corners[:1]]))
    hull = block[[at.PX, at.PY]]
    reach = block[at.LIDAR : at.LIDAR + RAYS, None] * np.stack([RAY_X, RAY_Y], axis=1)
    rays = np.stack([np.broadcast_to(hull, (RAYS, 2)), hull + reach], axis=1).astype(np.float32)
    return Pose(bodies, rays, (float(hull[0]), float(hull[1])))


def motion(batch: WalkerBatch) -> tuple[np.ndarray, np.ndarray]:
    """Position [m] and velocity [m/s] of each hull along x after its last step, [n] float64 each.

    The position is of the body's origin, the velocity of its centre of mass, as for Box2D's
    `position` and `linearVelocity`.
    """
    rows = batch.floats.reshape(batch.n, -1)
    return rows[:, at.PX].astype(np.float64), rows[:, at.VX].astype(np.float64)
