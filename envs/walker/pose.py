"""How one walker stands: what a picture needs of it, read off its block of state."""

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
    """One walker as it stands, world frame [m], float32."""

    # closed polygons [corners + 1, 2]: hull, leg 0, lower leg 0, leg 1, lower leg 1
    bodies: list[np.ndarray]
    rays: np.ndarray  # [10, 2, 2] from the hull to where each lidar ray ends
    hull: tuple[float, float]


def pose(block: np.ndarray) -> Pose:
    """The pose in a walker's floats, [FLOATS]; a value of its own, not a view."""
    bodies = []
    for body in range(BODIES):
        start = int(body * at.BODY_SIZE + at.CORNER)
        corners = block[start : start + 2 * COUNT[body]].reshape(-1, 2)
        bodies.append(np.concatenate([corners, corners[:1]]))
    hull = block[[at.PX, at.PY]]
    reach = block[at.LIDAR : at.LIDAR + RAYS, None] * np.stack([RAY_X, RAY_Y], axis=1)
    rays = np.stack([np.broadcast_to(hull, (RAYS, 2)), hull + reach], axis=1).astype(np.float32)
    return Pose(bodies, rays, (float(hull[0]), float(hull[1])))


def motion(batch: WalkerBatch) -> np.ndarray:
    """Position [m] and velocity [m/s] of each hull along x after its last step, [n, 2] float64.

    Position of the body's origin and velocity of its centre of mass, as Box2D's `position` and
    `linearVelocity` are.
    """
    return batch._f.reshape(batch.n, -1)[:, [at.PX, at.VX]].astype(np.float64)
