"""The position solver for a block of walkers in lanes: pack, sweeps over contacts and joints,
unpack.

A solved walker keeps the poses of that sweep; later results of its lane are discarded. Sines and
cosines have separate loops because they use float64, four to a register instead of eight. A port of
Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an altered version.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import constraint, joint
from . import state as at
from .body import JOINT_A, JOINT_B, LOWER_LIMIT, REFERENCE, UPPER_LIMIT
from .jit import inline, routine
from .lanes import (
    BEGIN,
    BODY,
    FIVE,
    FOUR,
    LANES,
    LIMIT,
    NONE,
    SOURCE,
    TRAITS,
    TWO,
    TWO_POINTS,
    W,
    X,
    Y,
    pair,
    read,
    write,
)
from .math import ONE, ZERO, minimum, rotate
from .settings import ANGULAR_SLOP, BAUMGARTE, LINEAR_SLOP
from .sincos import sincos_reduced

# reuses SOURCE, which is not needed once a place is filled
KIND = np.int64(SOURCE // LANES)
DEEPEST = np.float32(-3.0) * LINEAR_SLOP
# In place of a velocity block's joints: sines and cosines of two angles, the smallest separation,
# and whether all errors are small. In place of the rest of a velocity block's contact: the body's
# centre of mass.
SINE, _, OTHER_SINE, _, LEAST, SMALL = at.fields(6, int(at.CONSTRAINT_J))
CENTER_X, CENTER_Y = at.fields(2, int(at.MASS) - 2)


@routine
def pack(f, k, block, i, lanes, x, c, y):
    """The poses, limits and manifolds of the walkers in a block; the places are already
    assigned.
    """
    for lane in range(lanes):
        fo, ko = block[lane] * at.FLOATS, block[lane] * at.INTEGERS
        for body in range(FIVE):
            b = fo + body * at.BODY_SIZE
            write(x, 3 * body, lane, f[b + at.CX])
            write(x, 3 * body + Y, lane, f[b + at.CY])
            write(x, 3 * body + W, lane, f[b + at.A])
        for j in range(FOUR):
            y[LIMIT + j * LANES + lane] = k[ko + at.LIMIT + j]
    for place in range(np.int64(y[BEGIN + FIVE])):
        body = np.int64(y[BODY + place])
        mass, inertia = TRAITS + at.INVERSE_MASS + body, TRAITS + at.INVERSE_INERTIA + body
        center = TRAITS + at.CENTER + 2 * body
        y[TWO + place] = 0
        for lane in range(LANES):
            n = np.int64(y[SOURCE + place * LANES + lane])
            y[place * LANES + lane] = 0
            if n > NONE:
                slot = np.int64(i[lane, n * at.C_SIZE + at.C_SLOT])
                contact = block[lane] * at.FLOATS + at.CONTACT + slot * at.CONTACT_SIZE
                g = block[lane] * at.INTEGERS + at.SLOT + slot * at.SLOT_SIZE
                q = place * at.CONSTRAINT_C_SIZE
                for field in range(at.P0X, at.LPY + 1):
                    write(c, q + field, lane, f[contact + field])
                write(c, q + at.MASS, lane, read(x, mass, lane))
                write(c, q + at.INERTIA, lane, read(x, inertia, lane))
                write(c, q + CENTER_X, lane, read(x, center, lane))
                write(c, q + CENTER_Y, lane, read(x, center + 1, lane))
                y[place * LANES + lane], y[SOURCE + place * LANES + lane] = (
                    k[g + at.POINTS],
                    k[g + at.KIND],
                )
                if k[g + at.POINTS] == TWO_POINTS:
                    y[TWO + place] = 1


@inline
def unpack(f, fo, lane, x):
    """The poses of one walker."""
    for body in range(FIVE):
        b = fo + body * at.BODY_SIZE
        f[b + at.CX], f[b + at.CY] = read(x, 3 * body, lane), read(x, 3 * body + Y, lane)
        f[b + at.A] = read(x, 3 * body + W, lane)


@routine
def turn(x, angle, rotation, width):
    """Sine and cosine of an angle in every lane, into two fields of the lanes."""
    for lane in range(width):
        sine, cosine = sincos_reduced(read(x, angle, lane))
        write(x, rotation, lane, sine)
        write(x, rotation + 1, lane, cosine)


def joint_corrections(j: int) -> Callable:
    """b2RevoluteJoint::SolvePositionConstraints of joint j in every lane; SMALL becomes 0 where
    errors are large.
    """
    a, b = int(JOINT_A[j]), int(JOINT_B[j])
    reference, lower, upper = REFERENCE[j], LOWER_LIMIT[j], UPPER_LIMIT[j]
    pa, pb = np.int64(3 * a), np.int64(3 * b)
    mass_a, mass_b = (np.int64(TRAITS + at.INVERSE_MASS + body) for body in (a, b))
    inertia_a, inertia_b = (np.int64(TRAITS + at.INVERSE_INERTIA + body) for body in (a, b))
    anchor_a, anchor_b = (
        np.int64(TRAITS + at.ANCHOR_A + 2 * j),
        np.int64(TRAITS + at.ANCHOR_B + 2 * j),
    )
    turning = np.int64(TRAITS + at.JOINT_INERTIA + j)
    limits = np.int64(LIMIT + j * LANES)

    @inline
    def keep_limits(x, y, width):
        for lane in range(width):
            aa, ab = read(x, pa + W, lane), read(x, pb + W, lane)
            ia, ib = read(x, inertia_a, lane), read(x, inertia_b, lane)
            impulse, error = joint.limit_correction(
                ab - aa - reference, lower, upper, read(x, turning, lane), y[limits + lane]
            )
            write(x, pa + W, lane, aa - ia * impulse)
            write(x, pb + W, lane, ab + ib * impulse)
            write(x, SMALL, lane, read(x, SMALL, lane) if error <= ANGULAR_SLOP else ZERO)

    @inline
    def keep_points(x, width):
        for lane in range(width):
            ma, mb = read(x, mass_a, lane), read(x, mass_b, lane)
            ia, ib = read(x, inertia_a, lane), read(x, inertia_b, lane)
            rax, ray = rotate(*pair(x, SINE, lane), *pair(x, anchor_a, lane))
            rbx, rby = rotate(*pair(x, OTHER_SINE, lane), *pair(x, anchor_b, lane))
            ax, ay, aa, bx, by, ab, apart = joint.position_correction(
                ma, ia, mb, ib, *pair(x, pa, lane), read(x, pa + W, lane), *pair(x, pb, lane),
                read(x, pb + W, lane),
                rax, ray, rbx, rby,
            )  # fmt: skip
            write(x, pa, lane, ax)
            write(x, pa + Y, lane, ay)
            write(x, pa + W, lane, aa)
            write(x, pb, lane, bx)
            write(x, pb + Y, lane, by)
            write(x, pb + W, lane, ab)
            write(x, SMALL, lane, read(x, SMALL, lane) if apart <= LINEAR_SLOP else ZERO)

    @routine
    def correct(x, y, width):
        keep_limits(x, y, width)
        turn(x, pa + W, SINE, width)
        turn(x, pb + W, OTHER_SINE, width)
        keep_points(x, width)

    return correct


def point_correction(p: int) -> Callable:
    """One point of a place in every lane that has it, at the rotation in SINE and COSINE."""
    point = np.int64(at.P0X + 2 * p)

    @routine
    def correct(x, c, y, q, v, place, width):
        for lane in range(width):
            bx, by, a = read(x, v + X, lane), read(x, v + Y, lane), read(x, v + W, lane)
            (sine, cosine), least = pair(x, SINE, lane), read(x, LEAST, lane)
            m, inertia = pair(c, q + at.MASS, lane)
            ox, oy = rotate(sine, cosine, *pair(c, q + CENTER_X, lane))
            apart, nx, ny, qx, qy = constraint.separation(
                read(y, KIND + place, lane), sine, cosine, bx - ox, by - oy,
                *pair(c, q + point, lane), *pair(c, q + at.LNX, lane), *pair(c, q + at.LPX, lane),
            )  # fmt: skip
            there = read(y, place, lane) > p
            tx, ty, ta = constraint.position_correction(
                m, inertia, bx, by, a, apart, nx, ny, qx, qy, BAUMGARTE
            )
            write(x, v + X, lane, tx if there else bx)
            write(x, v + Y, lane, ty if there else by)
            write(x, v + W, lane, ta if there else a)
            write(x, LEAST, lane, minimum(least, apart) if there else least)

    return correct


hip_0, knee_0, hip_1, knee_1 = (joint_corrections(j) for j in range(4))
first_point, second_point = point_correction(0), point_correction(1)


@routine
def correct_contacts(x, c, y, width):
    """One sweep over the contacts of a block; LEAST becomes the smallest separation."""
    for place in range(np.int64(y[BEGIN + FIVE])):
        body = np.int64(y[BODY + place])
        q, v = place * at.CONSTRAINT_C_SIZE, 3 * body
        turn(x, v + W, SINE, width)
        first_point(x, c, y, q, v, place, width)
        if y[TWO + place] != 0:
            turn(x, v + W, SINE, width)
            second_point(x, c, y, q, v, place, width)


@routine
def sweep_positions(f, block, lanes, solved, x, c, y, iterations, width):
    """b2Island::Solve's position iterations over a packed block; writes all walkers' poses to f.

    solved: [LANES] 1 where a walker's errors became small before the iterations ran out, else 0.
    """
    left = lanes
    for lane in range(lanes):
        solved[lane] = 0
    for _ in range(iterations):
        for lane in range(LANES):
            write(x, LEAST, lane, ZERO)
            write(x, SMALL, lane, ONE)
        correct_contacts(x, c, y, width)
        knee_1(x, y, width)
        hip_1(x, y, width)
        hip_0(x, y, width)
        knee_0(x, y, width)
        for lane in range(lanes):
            if (
                (solved[lane] == 0)
                & (read(x, SMALL, lane) == ONE)
                & (read(x, LEAST, lane) >= DEEPEST)
            ):
                unpack(f, block[lane] * at.FLOATS, lane, x)
                solved[lane] = 1
                left -= 1
        if left == 0:
            return
    for lane in range(lanes):
        if solved[lane] == 0:
            unpack(f, block[lane] * at.FLOATS, lane, x)
