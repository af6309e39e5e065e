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

import math

import numpy as np
from numba import float32, float64, void

from ..body import Body
from . import state as at
from .body import COUNT, HULL, JOINT_A, JOINT_B, JOINTS, LEG_DOWN, START_GROUND, START_X
from .jit import Kernel, compile_all, routine
from .math import HALF, ONE, ZERO, length
from .settings import F
from .traits import center, vertex

# a body's numbers in float64, as the kernel takes them
TORQUE, SPEED, DENSITY, LENGTH, WIDTH = (np.int64(i) for i in (0, 4, 8, 13, 17))
GRAVITY, GROUND_FRICTION = np.int64(21), np.int64(22)

THIRD, QUARTER = F(1.0) / F(3.0), F(0.25)
FIVE, FOUR, ONE_COUNT, TWO_COUNT = (np.int64(i) for i in (5, 4, 1, 2))
CORNERS_OF_HULL = HULL.corners
FRICTION = np.array([0.1, 0.2, 0.2, 0.2, 0.2], np.float32)  # of the bodies; 0.2 is Box2D's default
MARGIN = F(1.01)  # of a reach, for rounding


def numbers(body: Body) -> np.ndarray:
    """The numbers of a body in the kernel's order, [23] float64."""
    speeds = (speed * sign for speed, sign in zip(body.speed, body.direction, strict=True))
    lists = (body.torque, speeds, body.density, body.leg_length, body.leg_width)
    return np.array([*(x for values in lists for x in values), body.gravity, body.friction])


@routine
def set_corners(numbers, row):
    """The hull's corners, and those of the legs by b2PolygonShape::SetAsBox, from the lower left,
    counter-clockwise.
    """
    for i in range(FIVE):
        row[at.VERTEX + 2 * i] = CORNERS_OF_HULL[i, 0]
        row[at.VERTEX + 2 * i + 1] = CORNERS_OF_HULL[i, 1]
    for leg in range(FOUR):
        x, y = F(numbers[WIDTH + leg] / 2.0), F(numbers[LENGTH + leg] / 2.0)
        for i in range(FOUR):
            v = at.VERTEX + 10 * (leg + 1) + 2 * i
            row[v] = x if (i == ONE_COUNT) | (i == TWO_COUNT) else -x
            row[v + 1] = y if i >= TWO_COUNT else -y


@routine
def set_mass(row, body, density):
    """Mass data of a body from its corners: b2PolygonShape::ComputeMass, b2Body::ResetMassData."""
    x, y, count = ZERO, ZERO, COUNT[body]
    for i in range(count):
        vx, vy = vertex(row, body, i)
        x, y = x + vx, y + vy
    inverse = ONE / F(count)
    x, y = x * inverse, y * inverse
    cx, cy, area, inertia = ZERO, ZERO, ZERO, ZERO
    for i in range(count):
        (vx, vy), (wx, wy) = vertex(row, body, i), vertex(row, body, (i + ONE_COUNT) % count)
        ex, ey, gx, gy = vx - x, vy - y, wx - x, wy - y
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
    row[at.INVERSE_MASS + body] = inverse
    row[at.INVERSE_INERTIA + body] = ONE / (inertia - total * (ox * ox + oy * oy))
    row[at.CENTER + 2 * body], row[at.CENTER + 2 * body + 1] = ox, oy


@routine
def set_reach(row, body):
    """Distance of the farthest corner from the centre of mass."""
    cx, cy = center(row, body)
    most = ZERO
    for i in range(COUNT[body]):
        vx, vy = vertex(row, body, i)
        most = max(most, length(vx - cx, vy - cy))
    row[at.REACH + body] = most * MARGIN


@routine
def set_joint(numbers, row, joint):
    """Anchors from the centres of mass, and the motor, of one joint."""
    a, b = JOINT_A[joint], JOINT_B[joint]
    (ax, ay), (bx, by) = center(row, a), center(row, b)
    hip = joint % TWO_COUNT == 0
    above = LEG_DOWN if hip else -numbers[LENGTH + joint - ONE_COUNT] / 2.0
    to_a, to_b = at.ANCHOR_A + 2 * joint, at.ANCHOR_B + 2 * joint
    row[to_a], row[to_a + 1] = ZERO - ax, F(above) - ay
    row[to_b], row[to_b + 1] = ZERO - bx, F(numbers[LENGTH + joint] / 2.0) - by
    turning = row[at.INVERSE_INERTIA + a] + row[at.INVERSE_INERTIA + b]
    row[at.JOINT_INERTIA + joint] = ONE / turning
    row[at.MOTOR_SPEED + joint] = numbers[SPEED + joint]
    row[at.MOTOR_TORQUE + joint] = numbers[TORQUE + joint]


@routine
def set_starts(numbers, row):
    """Where the origins of the bodies start; computed in float64, as in Python."""
    one, other = numbers[LENGTH] + numbers[LENGTH + 1], numbers[LENGTH + 2] + numbers[LENGTH + 3]
    top = START_GROUND + max(one, other)
    for body in range(FIVE):
        row[at.START_POSITION + 2 * body] = START_X
    row[at.START_POSITION + 1] = top
    for side in range(TWO_COUNT):
        upper, lower = numbers[LENGTH + 2 * side], numbers[LENGTH + 2 * side + 1]
        to = at.START_POSITION + 2 * (1 + 2 * side)
        row[to + 1] = top - upper / 2.0 - LEG_DOWN
        row[to + 3] = top - (upper + lower / 2.0) - LEG_DOWN


def write_row(numbers, row):
    """Kernel: the row [TRAITS_SIZE] of a body from its numbers [23]."""
    set_corners(numbers, row)
    for body in range(FIVE):
        set_mass(row, body, F(numbers[DENSITY + body]))
        set_reach(row, body)
        row[at.FRICTION + body] = F(math.sqrt(F(numbers[GROUND_FRICTION]) * FRICTION[body]))
    for joint in range(FOUR):
        set_joint(numbers, row, joint)
    set_starts(numbers, row)
    row[at.GRAVITY] = -numbers[GRAVITY]


TRAITS = Kernel("traits", void(float64[::1], float32[::1]), write_row, 1)


def traits(body: Body) -> np.ndarray:
    """The row [TRAITS_SIZE] float32 of a body, with the fields of state.py."""
    if TRAITS.compiled is None:
        compile_all([TRAITS], None)
    row = np.zeros(int(at.TRAITS_SIZE), np.float32)
    TRAITS(numbers(body), row)
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
