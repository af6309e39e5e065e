"""The velocity solver for a block of walkers in lanes: pack, 180 sweeps over joints and contacts,
unpack.

The formulas are those of joint.py and constraint.py, applied to each lane; where walkers differ (at
a limit or not, one point or two), both are computed and one is selected. The results equal the
scalar solver's to the last bit. The masses of a contact's body are in its constraint, at a constant
distance from what is written: with the body's number in their index the compiler cannot exclude
that they overlap, and does not vectorise the loop. A port of Box2D 2.3's algorithms (Erin Catto,
zlib licence), written anew: an altered version.
"""

from __future__ import annotations

import numpy as np

from . import constraint
from . import state as at
from .jit import routine
from .lane_joints import hip_0, hip_0_and_knee_1, hip_1, hip_1_and_knee_0, knee_0, knee_1
from .lanes import (
    BEGIN,
    BODY,
    FIVE,
    FOUR,
    LANES,
    LIMIT,
    LIMITED,
    NONE,
    SOURCE,
    TWO,
    TWO_POINTS,
    W,
    X,
    Y,
    pair,
    read,
    write,
)

# first bodies of the groups
HULL, LEFT, RIGHT, END = np.int64(0), np.int64(1), np.int64(3), np.int64(5)


@routine
def pack(s, i, lanes, x, c, y):
    """Copy the walkers' scalar scratch into lanes; the places are already assigned."""
    for lane in range(lanes):
        for field in range(at.CONSTRAINT_C):
            write(x, field, lane, s[lane, field])
        for j in range(FOUR):
            y[LIMIT + j * LANES + lane] = i[lane, at.J_LIMIT + j]
    for j in range(FOUR):
        y[LIMITED + j] = 0
        for lane in range(lanes):
            y[LIMITED + j] |= y[LIMIT + j * LANES + lane]
    for place in range(np.int64(y[BEGIN + FIVE])):
        y[TWO + place] = 0
        for lane in range(LANES):
            n, points = np.int64(y[SOURCE + place * LANES + lane]), np.int32(0)
            if n > NONE:
                points = i[lane, n * at.C_SIZE + at.C_POINTS]
                here, there = (
                    place * at.CONSTRAINT_C_SIZE,
                    at.CONSTRAINT_C + n * at.CONSTRAINT_C_SIZE,
                )
                for field in range(at.CONSTRAINT_C_SIZE):
                    write(c, here + field, lane, s[lane, there + field])
            y[place * LANES + lane] = points
            if points == TWO_POINTS:
                y[TWO + place] = 1


@routine
def unpack(s, lanes, x, c, y):
    """Copy the results of the sweeps back to the walkers' scalar scratch."""
    for lane in range(lanes):
        for field in range(np.int64(15)):
            s[lane, at.BODY_V + field] = read(x, at.BODY_V + field, lane)
        for j in range(FOUR):
            q = at.CONSTRAINT_J + j * at.CONSTRAINT_J_SIZE
            for field in (at.SX, at.SY, at.SZ, at.SM):
                s[lane, q + field] = read(x, q + field, lane)
    for place in range(np.int64(y[BEGIN + FIVE])):
        for lane in range(lanes):
            n = np.int64(y[SOURCE + place * LANES + lane])
            if n > NONE:
                here, there = (
                    place * at.CONSTRAINT_C_SIZE,
                    at.CONSTRAINT_C + n * at.CONSTRAINT_C_SIZE,
                )
                for field in (at.S0, at.S1, at.U0, at.U1):
                    s[lane, there + field] = read(c, here + field, lane)


@routine
def one_point(x, c, y, q, v, place, width):
    """Friction and the normal impulse where no walker has two points; empty lanes are
    unchanged.
    """
    for lane in range(width):
        (vx, vy), w = pair(x, v, lane), read(x, v + W, lane)
        (nx, ny), (rx, ry) = pair(c, q + at.NX, lane), pair(c, q + at.R0X, lane)
        s, u, there = read(c, q + at.S0, lane), read(c, q + at.U0, lane), read(y, place, lane) != 0
        (m, inertia), most = pair(c, q + at.MASS, lane), read(c, q + at.MU, lane) * s
        ax, ay, aw, au = constraint.friction(
            m, inertia, vx, vy, w, rx, ry, nx, ny, read(c, q + at.T0, lane), most, u
        )
        ax, ay, aw, an = constraint.normal_one(
            m, inertia, ax, ay, aw, rx, ry, nx, ny, read(c, q + at.N0, lane), s
        )
        write(x, v + X, lane, ax if there else vx)
        write(x, v + Y, lane, ay if there else vy)
        write(x, v + W, lane, aw if there else w)
        write(c, q + at.S0, lane, an if there else s)
        write(c, q + at.U0, lane, au if there else u)


@routine
def two_points(x, c, y, q, v, place, width):
    """The same where some walkers have two points."""
    for lane in range(width):
        (vx, vy), w, n = pair(x, v, lane), read(x, v + W, lane), read(y, place, lane)
        there, both = n != 0, n == TWO_POINTS
        mu, (m, inertia) = read(c, q + at.MU, lane), pair(c, q + at.MASS, lane)
        normal, (r0x, r0y), (r1x, r1y) = (
            pair(c, q + at.NX, lane),
            pair(c, q + at.R0X, lane),
            pair(c, q + at.R1X, lane),
        )
        (m0, m1), (t0, t1) = pair(c, q + at.N0, lane), pair(c, q + at.T0, lane)
        (s0, s1), (u0, u1) = pair(c, q + at.S0, lane), pair(c, q + at.U0, lane)
        ax, ay, aw, f0 = constraint.friction(
            m, inertia, vx, vy, w, r0x, r0y, *normal, t0, mu * s0, u0
        )
        # one point, or ...
        bx, by, bw, n0 = constraint.normal_one(m, inertia, ax, ay, aw, r0x, r0y, *normal, m0, s0)
        ax, ay, aw, f1 = constraint.friction(
            m, inertia, ax, ay, aw, r1x, r1y, *normal, t1, mu * s1, u1
        )
        (k11, k12), k22 = pair(c, q + at.M11, lane), read(c, q + at.M22, lane)
        first, second = pair(c, q + at.V11, lane), pair(c, q + at.V21, lane)
        b0, b1 = constraint.block_velocity(
            ax, ay, aw, r0x, r0y, r1x, r1y, *normal, k11, k12, k22, s0, s1
        )
        x0, x1 = constraint.solve_block(k11, k12, k22, *first, *second, m0, m1, b0, b1, s0, s1)
        ax, ay, aw = constraint.apply_two(
            m, inertia, ax, ay, aw, r0x, r0y, r1x, r1y, *normal, x0 - s0, x1 - s1
        )
        ax, ay, aw, n0 = (
            ax if both else bx,
            ay if both else by,
            aw if both else bw,
            x0 if both else n0,
        )
        write(x, v + X, lane, ax if there else vx)
        write(x, v + Y, lane, ay if there else vy)
        write(x, v + W, lane, aw if there else w)
        write(c, q + at.S0, lane, n0 if there else s0)
        write(c, q + at.U0, lane, f0 if there else u0)
        write(c, q + at.S1, lane, x1 if both else s1)
        write(c, q + at.U1, lane, f1 if both else u1)


@routine
def contacts_of(x, c, y, first, end, width):
    """One sweep over the contacts of the bodies from `first` to before `end`."""
    for place in range(np.int64(y[BEGIN + first]), np.int64(y[BEGIN + end])):
        body = np.int64(y[BODY + place])
        q, v = place * at.CONSTRAINT_C_SIZE, 3 * body
        if y[TWO + place] == 0:
            one_point(x, c, y, q, v, place, width)
        else:
            two_points(x, c, y, q, v, place, width)


@routine
def sweep_velocities(x, c, y, iterations, width):
    """b2Island::Solve's velocity iterations over a packed block: joints 3, 2, 0, 1, then the
    contacts.

    Constraints that share no body commute. So each turn of the loop ends one iteration and begins
    the next; every number is computed from the same operands as in Box2D's order.
    """
    if iterations < 1:
        return
    knee_1(x, y, width)
    hip_1(x, y, width)
    contacts_of(x, c, y, RIGHT, END, width)
    for _ in range(iterations - 1):
        hip_0_and_knee_1(x, y, width)
        contacts_of(x, c, y, HULL, LEFT, width)
        hip_1_and_knee_0(x, y, width)
        contacts_of(x, c, y, LEFT, END, width)
    hip_0(x, y, width)
    contacts_of(x, c, y, HULL, LEFT, width)
    knee_0(x, y, width)
    contacts_of(x, c, y, LEFT, RIGHT, width)
