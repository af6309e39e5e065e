"""The bodies of a batch as rows of a table that kernels read: masses, anchors, corners, motors of
each.

Legs of other sizes are placed as in Gymnasium's code: an upper leg's centre half its length below
the hip's height at the start, a lower leg's centre half its length below the end of the upper leg;
joints are at the ends of the legs. The hull starts above the longer leg (upper and lower together)
as it does above the standard one, so that this leg ends at the same height above the ground. Masses
follow b2PolygonShape::ComputeMass and b2Body::ResetMassData. A port of Box2D 2.3's algorithms (Erin
Catto, zlib licence), written anew: an altered version.
"""

from __future__ import annotations

import numpy as np
from numba import float32, int64, void

from ..body import Body
from . import state as at
from .body import (
    BODIES,
    CORNERS,
    COUNT,
    HULL,
    JOINT_A,
    JOINT_B,
    JOINTS,
    LEG_DOWN,
    START_GROUND,
    START_X,
    box,
)
from .jit import Kernel, compile_all, routine
from .math import ONE, ZERO
from .settings import F

THIRD, QUARTER, HALF = F(1.0) / F(3.0), F(0.25), F(0.5)
FRICTION = np.array([0.1, 0.2, 0.2, 0.2, 0.2], np.float32)  # of the bodies; 0.2 is Box2D's default


@routine
def mass(corners, count, density, result):
    """Mass data of a body of one polygon, corners [k, 2], into result [4]: 1 / mass, 1 / inertia
    about the centre of mass, centre of mass x, y.
    """
    x, y, inverse = ZERO, ZERO, ONE / F(count)
    for i in range(count):
        x, y = x + corners[i, 0], y + corners[i, 1]
    x, y = x * inverse, y * inverse
    cx, cy, area, inertia = ZERO, ZERO, ZERO, ZERO
    for i in range(count):
        j = i + 1 if i + 1 < count else 0
        ex, ey, gx, gy = corners[i, 0] - x, corners[i, 1] - y, corners[j, 0] - x, corners[j, 1] - y
        det = ex * gy - ey * gx
        triangle = HALF * det
        area += triangle
        cx, cy = cx + triangle * THIRD * (ex + gx), cy + triangle * THIRD * (ey + gy)
        squares = (ex * ex + gx * ex + gx * gx) + (ey * ey + gy * ey + gy * gy)
        inertia += (QUARTER * THIRD * det) * squares
    total = density * area
    inverse = ONE / area
    cx, cy = cx * inverse, cy * inverse
    ox, oy = cx + x, cy + y
    inertia = density * inertia + total * ((ox * ox + oy * oy) - (cx * cx + cy * cy))
    inverse = ONE / total
    ox, oy = total * ox * inverse, total * oy * inverse
    result[0], result[1] = inverse, ONE / (inertia - total * (ox * ox + oy * oy))
    result[2], result[3] = ox, oy


def mass_rows(corners, counts, densities, result):
    """Kernel: mass data of each body. corners: [n, CORNERS, 2]; result: [n, 4]."""
    for body in range(len(counts)):
        mass(corners[body], counts[body], densities[body], result[body])


MASSES = Kernel(
    "masses",
    void(float32[:, :, ::1], int64[::1], float32[::1], float32[:, ::1]),
    mass_rows,
    1,
)


def corners_of(body: Body) -> np.ndarray:
    """Corners of the five bodies in their frames, [5, CORNERS, 2] float32; zeros beyond COUNT."""
    corners = np.zeros((BODIES, CORNERS, 2), np.float32)
    corners[0] = HULL.corners
    for leg, (width, length) in enumerate(zip(body.leg_width, body.leg_length, strict=True)):
        corners[1 + leg, :4] = box(width / 2, length / 2).corners
    return corners


def starts_of(body: Body) -> list[tuple[float, float]]:
    """Where the origins of the five bodies start [m]."""
    upper, lower = body.leg_length[::2], body.leg_length[1::2]
    top = START_GROUND + max(up + low for up, low in zip(upper, lower, strict=True))
    found = [(START_X, top)]
    for up, low in zip(upper, lower, strict=True):
        found.append((START_X, top - up / 2 - LEG_DOWN))
        found.append((START_X, top - (up + low / 2) - LEG_DOWN))
    return found


def anchors_of(body: Body) -> tuple[np.ndarray, np.ndarray]:
    """Anchors of the four joints in the frames of both their bodies, [4, 2] float32 each."""
    hip, (up_0, _, up_1, _) = (0.0, LEG_DOWN), body.leg_length
    upper = np.array([hip, (0.0, -up_0 / 2), hip, (0.0, -up_1 / 2)], np.float32)
    return upper, np.array([(0.0, length / 2) for length in body.leg_length], np.float32)


def traits(body: Body) -> np.ndarray:
    """The row [TRAITS_SIZE] float32 of a body, with the fields of state.py."""
    if MASSES.compiled is None:
        compile_all([MASSES], None)
    corners, data = corners_of(body), np.zeros((BODIES, 4), np.float32)
    MASSES(corners, COUNT, np.array(body.density, np.float32), data)
    centers = data[:, 2:]
    upper, lower = anchors_of(body)
    offsets = corners - centers[:, None]
    reach = [np.sqrt((offsets[i, : COUNT[i]] ** 2).sum(1)).max() * 1.01 for i in range(BODIES)]
    turning = data[JOINT_A, 1] + data[JOINT_B, 1]
    speeds = np.array(body.speed, np.float32) * np.array(body.direction, np.float32)
    row = np.zeros(int(at.TRAITS_SIZE), np.float32)
    for field, values in (
        (at.INVERSE_MASS, data[:, 0]),
        (at.INVERSE_INERTIA, data[:, 1]),
        (at.CENTER, centers),
        (at.ANCHOR_A, upper - centers[JOINT_A]),
        (at.ANCHOR_B, lower - centers[JOINT_B]),
        (at.JOINT_INERTIA, F(1.0) / turning),
        (at.FRICTION, np.sqrt(F(body.friction) * FRICTION)),
        (at.START_POSITION, np.array(starts_of(body), np.float32)),
        (at.REACH, np.array(reach, np.float32)),
        (at.VERTEX, corners),
        (at.MOTOR_SPEED, speeds),
        (at.MOTOR_TORQUE, np.array(body.torque, np.float32)),
        (at.GRAVITY, np.array([-body.gravity], np.float32)),
    ):
        row[field : field + values.size] = values.ravel()
    return row


class Bodies:
    """The distinct bodies of a batch, in the table that kernels read.

    Equal bodies are stored once for all their walkers; a place is reused when it has none.
    """

    def __init__(self) -> None:
        self.table = np.zeros((0, int(at.TRAITS_SIZE)), np.float32)
        # of the motors in float64, for actions of other dtypes (torque.py): [places, JOINTS]
        self.speeds, self.torques = np.zeros((0, JOINTS)), np.zeros((0, JOINTS))
        self.bodies: list[Body | None] = []
        self.places: dict[Body, int] = {}
        self.free: list[int] = []  # places without a body, the one to be used next at the end
        self.users: list[int] = []

    def add(self, body: Body) -> int:
        """The place of a body, which has one user more."""
        place = self.places.get(body)
        if place is None:
            if not self.free:
                self._grow(max(1, len(self.bodies)))
            place = self.free.pop()
            self.table[place] = traits(body)
            self.speeds[place] = np.multiply(body.speed, body.direction)
            self.torques[place] = body.torque
            self.places[body], self.bodies[place] = place, body
        self.users[place] += 1
        return place

    def release(self, place: int) -> None:
        """Remove one user; a body without users is removed."""
        self.users[place] -= 1
        body = self.bodies[place]
        if self.users[place] == 0 and body is not None:
            del self.places[body]
            self.bodies[place] = None
            self.free.append(place)

    def exchange(self, place: int, body: Body) -> int:
        """The place of a body for the user of `place`, which is released if it is another."""
        held = self.bodies[place]
        if held is body or held == body:
            return place
        found = self.add(body)
        self.release(place)
        return found

    def motors(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Speeds [rad/s] and torques [N m] of the motors of the bodies at places [k]: [k, JOINTS]
        float64 each.
        """
        return self.speeds[places], self.torques[places]

    def _grow(self, more: int) -> None:
        held = len(self.bodies)
        added = ((0, more), (0, 0))
        self.table = np.pad(self.table, added)
        self.speeds, self.torques = np.pad(self.speeds, added), np.pad(self.torques, added)
        self.bodies += [None] * more
        self.users += [0] * more
        self.free += range(held + more - 1, held - 1, -1)
