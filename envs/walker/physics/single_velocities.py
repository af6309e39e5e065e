"""The velocity solver of one walker on a processor with out-of-order execution: velocities in
registers, and two joints at a time.

Solved in Box2D's order, every joint waits for the joint before. But constraints that share no body
commute, so each turn of the loop ends one iteration and begins the next, and computes two joints
side by side, so that the latency of one hides the other's. Every number is computed from the same
operands as in Box2D's order; the results equal those of joints.py and constraints.py to the last
bit. A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an altered version.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import joint
from . import state as at
from .body import JOINT_A, JOINT_B
from .jit import inline, routine
from .math import ZERO, clamp
from .single_contacts import (
    HULL,
    LEG_0,
    LEG_1,
    LOWER_0,
    LOWER_1,
    first_of,
    on_hull,
    on_leg_0,
    on_leg_1,
    on_lower_0,
    on_lower_1,
    order_by_body,
)
from .traits import masses

NOTHING = np.float32(-0.0)  # x + NOTHING is x, also if x is 0 or -0


def joint_velocities(j: int) -> tuple[Callable, ...]:
    """b2RevoluteJoint::SolveVelocityConstraints of joint j in parts. A velocity: (x, y, angle)."""
    a, b = JOINT_A[j], JOINT_B[j]
    q, number = np.int64(at.CONSTRAINT_J + j * at.CONSTRAINT_J_SIZE), np.int64(j)

    @inline
    def torque(s, wa, wb):
        """The motor's accumulated impulse after this iteration."""
        most, speed = s[q + at.MOST], wb - wa - s[q + at.TARGET]
        return clamp(s[q + at.SM] + -s[q + at.MOTOR_MASS] * speed, -most, most)

    @inline
    def turn(traits, s, wa, wb, new):
        """Apply the motor's impulse: (wa, wb).

        The impulse of a motor at its greatest torque stays the same, and has no effect. The branch
        is predicted, so that what follows does not wait for the impulse. (wb: -0 + 0 is 0.)
        """
        old = s[q + at.SM]
        if (new != old) | (new == ZERO) | (wb == ZERO):
            change = new - old
            (_, ia), (_, ib) = masses(traits, a), masses(traits, b)
            wa, wb = wa - ia * change, wb + ib * change
            s[q + at.SM] = new
        return wa, wb

    @inline
    def relative(s, va, vb, wa, wb):
        """Velocity of B's anchor relative to A's."""
        ra, rb = (s[q + at.RAX], s[q + at.RAY]), (s[q + at.RBX], s[q + at.RBY])
        return joint.point_velocity(va[0], va[1], wa, vb[0], vb[1], wb, *ra, *rb)

    @inline
    def free(s, i, x, y, w):
        """Impulses of point and limit against the relative velocities (x, y) and w: no limit."""
        k11, k12, k22, inverse = s[q + at.K11], s[q + at.K12], s[q + at.K22], s[q + at.INVERSE_22]
        px, py = joint.point_impulse(k11, k12, k22, inverse, x, y)
        return px, py, NOTHING

    @inline
    def held(s, i, x, y, w):
        """The same at a limit."""
        px, py, pz, s[q + at.SZ] = joint.limited_impulse(
            s[q + at.K11], s[q + at.K12], s[q + at.K13],
            s[q + at.K22], s[q + at.K23], s[q + at.K33],
            s[q + at.CROSS_X], s[q + at.CROSS_Y], s[q + at.CROSS_Z],
            s[q + at.INVERSE_33], s[q + at.INVERSE_22], x, y, w, s[q + at.SZ],
            i[at.J_LIMIT + number] == at.AT_LOWER,
        )  # fmt: skip
        return px, py, pz

    @inline
    def apply(traits, s, va, vb, wa, wb, p):
        """The velocities of both bodies after the impulses p."""
        px, py, pz = p
        (ma, ia), (mb, ib) = masses(traits, a), masses(traits, b)
        rax, ray, rbx, rby = s[q + at.RAX], s[q + at.RAY], s[q + at.RBX], s[q + at.RBY]
        wa -= ia * ((rax * py - ray * px) + pz)
        wb += ib * ((rbx * py - rby * px) + pz)
        s[q + at.SX] += px
        s[q + at.SY] += py
        return (va[0] - ma * px, va[1] - ma * py, wa), (vb[0] + mb * px, vb[1] + mb * py, wb)

    return torque, turn, relative, free, held, apply


def one_joint(j: int) -> Callable:
    """The velocities of the two bodies of a joint, after an iteration of the joint."""
    torque, turn, relative, free, held, apply = joint_velocities(j)
    limit = np.int64(at.J_LIMIT + j)

    @inline
    def solve(traits, s, i, va, vb):
        wa, wb = turn(traits, s, va[2], vb[2], torque(s, va[2], vb[2]))
        x, y = relative(s, va, vb, wa, wb)
        if i[limit] == at.INACTIVE:
            return apply(traits, s, va, vb, wa, wb, free(s, i, x, y, wb - wa))
        return apply(traits, s, va, vb, wa, wb, held(s, i, x, y, wb - wa))

    return solve


def two_joints(j: int, k: int) -> Callable:
    """The same for joints j (bodies a and b) and k (bodies c and d), which share no body."""
    torque_j, turn_j, relative_j, free_j, held_j, apply_j = joint_velocities(j)
    torque_k, turn_k, relative_k, free_k, held_k, apply_k = joint_velocities(k)
    limit_j, limit_k = np.int64(at.J_LIMIT + j), np.int64(at.J_LIMIT + k)

    def points(impulse_j: Callable, impulse_k: Callable) -> Callable:
        """The point constraints, and the limits of those that are at one."""

        @inline
        def solve(traits, s, i, va, vb, vc, vd, wa, wb, wc, wd):
            xj, yj = relative_j(s, va, vb, wa, wb)
            xk, yk = relative_k(s, vc, vd, wc, wd)
            pj, pk = impulse_j(s, i, xj, yj, wb - wa), impulse_k(s, i, xk, yk, wd - wc)
            va, vb = apply_j(traits, s, va, vb, wa, wb, pj)
            vc, vd = apply_k(traits, s, vc, vd, wc, wd, pk)
            return va, vb, vc, vd

        return solve

    # one branch around both joints, since branches between them would separate them
    neither, first = points(free_j, free_k), points(held_j, free_k)
    second, both = points(free_j, held_k), points(held_j, held_k)

    @inline
    def solve(traits, s, i, va, vb, vc, vd):
        new_j, new_k = torque_j(s, va[2], vb[2]), torque_k(s, vc[2], vd[2])
        wa, wb = turn_j(traits, s, va[2], vb[2], new_j)
        wc, wd = turn_k(traits, s, vc[2], vd[2], new_k)
        if i[limit_j] == at.INACTIVE:
            if i[limit_k] == at.INACTIVE:
                return neither(traits, s, i, va, vb, vc, vd, wa, wb, wc, wd)
            return second(traits, s, i, va, vb, vc, vd, wa, wb, wc, wd)
        if i[limit_k] == at.INACTIVE:
            return first(traits, s, i, va, vb, vc, vd, wa, wb, wc, wd)
        return both(traits, s, i, va, vb, vc, vd, wa, wb, wc, wd)

    return solve


hip_0, knee_0, hip_1, knee_1 = (one_joint(j) for j in range(4))
hip_0_and_knee_1, hip_1_and_knee_0 = two_joints(0, 3), two_joints(2, 1)


@inline
def velocity(s, body):
    v = at.BODY_V + 3 * body
    return s[v], s[v + 1], s[v + 2]


@inline
def store(s, body, velocity):
    v = at.BODY_V + 3 * body
    s[v], s[v + 1], s[v + 2] = velocity


@routine
def sweep_velocities(traits, s, i, contacts, iterations):
    """b2Island::Solve's velocity iterations: joints 3, 2, 0, 1, then the contacts."""
    if iterations < 1:
        return
    order_by_body(i, contacts)
    zero, one, two = np.int64(0), first_of(i, contacts, LEG_0), first_of(i, contacts, LOWER_0)
    three, four = first_of(i, contacts, LEG_1), first_of(i, contacts, LOWER_1)
    hull, leg_0, lower_0 = velocity(s, HULL), velocity(s, LEG_0), velocity(s, LOWER_0)
    leg_1, lower_1 = velocity(s, LEG_1), velocity(s, LOWER_1)
    leg_1, lower_1 = knee_1(traits, s, i, leg_1, lower_1)
    hull, leg_1 = hip_1(traits, s, i, hull, leg_1)
    leg_1 = on_leg_1(traits, s, i, three, four, leg_1)
    lower_1 = on_lower_1(traits, s, i, four, contacts, lower_1)
    for _ in range(iterations - 1):
        hull, leg_0, leg_1, lower_1 = hip_0_and_knee_1(traits, s, i, hull, leg_0, leg_1, lower_1)
        hull = on_hull(traits, s, i, zero, one, hull)
        lower_1 = on_lower_1(traits, s, i, four, contacts, lower_1)
        hull, leg_1, leg_0, lower_0 = hip_1_and_knee_0(traits, s, i, hull, leg_1, leg_0, lower_0)
        leg_0 = on_leg_0(traits, s, i, one, two, leg_0)
        leg_1 = on_leg_1(traits, s, i, three, four, leg_1)
        lower_0 = on_lower_0(traits, s, i, two, three, lower_0)
    hull, leg_0 = hip_0(traits, s, i, hull, leg_0)
    leg_0, lower_0 = knee_0(traits, s, i, leg_0, lower_0)
    store(s, HULL, on_hull(traits, s, i, zero, one, hull))
    store(s, LEG_0, on_leg_0(traits, s, i, one, two, leg_0))
    store(s, LOWER_0, on_lower_0(traits, s, i, two, three, lower_0))
    store(s, LEG_1, leg_1)
    store(s, LOWER_1, lower_1)
