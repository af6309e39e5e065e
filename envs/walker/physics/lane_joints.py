"""The joints' velocity sweep in lanes: single joints, or two at once that share no body.

The formulas are those of joint.py; where walkers differ (at a limit or not) both are computed and
one is selected. A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an
altered version.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import joint
from . import state as at
from .body import JOINT_A, JOINT_B
from .jit import inline, routine
from .lanes import LANES, LIMIT, LIMITED, TRAITS, W, X, Y, pair, read, write


def joint_velocities(j: int) -> tuple[Callable, Callable, Callable]:
    """b2RevoluteJoint::SolveVelocityConstraints of joint j in one lane: (at no limit, at any, store
    the result).
    """
    a, b = int(JOINT_A[j]), int(JOINT_B[j])
    ma, mb = (np.int64(TRAITS + at.INVERSE_MASS + body) for body in (a, b))
    ia, ib = (np.int64(TRAITS + at.INVERSE_INERTIA + body) for body in (a, b))
    q, va, vb = (
        np.int64(at.CONSTRAINT_J + j * at.CONSTRAINT_J_SIZE),
        np.int64(3 * a),
        np.int64(3 * b),
    )
    limits = np.int64(LIMIT + j * LANES)

    @inline
    def load(x, lane):
        """After the motor: speeds, velocities, anchors, and the anchors' relative velocity."""
        wa, wb, motor = joint.motor(
            read(x, q + at.MOTOR_MASS, lane), read(x, ia, lane), read(x, ib, lane),
            read(x, q + at.TARGET, lane), read(x, q + at.MOST, lane),
            read(x, va + W, lane), read(x, vb + W, lane), read(x, q + at.SM, lane),
        )  # fmt: skip
        a, b = pair(x, va, lane), pair(x, vb, lane)
        ra, rb = pair(x, q + at.RAX, lane), pair(x, q + at.RBX, lane)
        return motor, wa, wb, a, b, ra, rb, joint.point_velocity(*a, wa, *b, wb, *ra, *rb)

    @inline
    def result(x, lane, motor, px, py, sz, wa, wb, a, b):
        sx, sy = read(x, q + at.SX, lane) + px, read(x, q + at.SY, lane) + py
        return (
            motor,
            sx,
            sy,
            sz,
            a[0] - read(x, ma, lane) * px,
            a[1] - read(x, ma, lane) * py,
            wa,
            b[0] + read(x, mb, lane) * px,
            b[1] + read(x, mb, lane) * py,
            wb,
        )

    @inline
    def free(x, y, lane):
        motor, wa, wb, a, b, (rax, ray), (rbx, rby), (vx, vy) = load(x, lane)
        px, py = joint.point_impulse(
            read(x, q + at.K11, lane), read(x, q + at.K12, lane), read(x, q + at.K22, lane),
            read(x, q + at.INVERSE_22, lane), vx, vy,
        )  # fmt: skip
        wa -= read(x, ia, lane) * (rax * py - ray * px)
        wb += read(x, ib, lane) * (rbx * py - rby * px)
        return result(x, lane, motor, px, py, read(x, q + at.SZ, lane), wa, wb, a, b)

    @inline
    def limited(x, y, lane):
        motor, wa, wb, a, b, (rax, ray), (rbx, rby), (vx, vy) = load(x, lane)
        k11, k12, k22 = (
            read(x, q + at.K11, lane),
            read(x, q + at.K12, lane),
            read(x, q + at.K22, lane),
        )
        inverse, sz, limit = (
            read(x, q + at.INVERSE_22, lane),
            read(x, q + at.SZ, lane),
            y[limits + lane],
        )
        fx, fy = joint.point_impulse(k11, k12, k22, inverse, vx, vy)
        px, py, pz, new = joint.limited_impulse(
            k11, k12, read(x, q + at.K13, lane), k22, *pair(x, q + at.K23, lane),
            *pair(x, q + at.CROSS_X, lane), read(x, q + at.CROSS_Z, lane), read(x,
            q + at.INVERSE_33, lane), inverse,
            vx, vy, wb - wa, sz, limit == at.AT_LOWER,
        )  # fmt: skip
        inactive = limit == at.INACTIVE
        px, py, new = fx if inactive else px, fy if inactive else py, sz if inactive else new
        ta, tb = rax * py - ray * px, rbx * py - rby * px
        ta, tb = ta if inactive else ta + pz, tb if inactive else tb + pz
        wa, wb = wa - read(x, ia, lane) * ta, wb + read(x, ib, lane) * tb
        return result(x, lane, motor, px, py, new, wa, wb, a, b)

    @inline
    def store(x, lane, new):
        motor, sx, sy, sz, vax, vay, wa, vbx, vby, wb = new
        write(x, q + at.SM, lane, motor)
        write(x, q + at.SX, lane, sx)
        write(x, q + at.SY, lane, sy)
        write(x, q + at.SZ, lane, sz)
        write(x, va + X, lane, vax)
        write(x, va + Y, lane, vay)
        write(x, va + W, lane, wa)
        write(x, vb + X, lane, vbx)
        write(x, vb + Y, lane, vby)
        write(x, vb + W, lane, wb)

    return free, limited, store


def one_joint(j: int) -> Callable:
    _, limited, store = joint_velocities(j)

    @routine
    def sweep(x, y, width):
        for lane in range(width):
            store(x, lane, limited(x, y, lane))

    return sweep


def two_joints(j: int, k: int) -> Callable:
    """Two joints that share no body, interleaved, so that the latency of one hides the other's."""
    free_j, limited_j, store_j = joint_velocities(j)
    free_k, limited_k, store_k = joint_velocities(k)

    @routine
    def sweep(x, y, width):
        if y[LIMITED + j] | y[LIMITED + k] == 0:
            for lane in range(width):
                new_j, new_k = free_j(x, y, lane), free_k(x, y, lane)
                store_j(x, lane, new_j)
                store_k(x, lane, new_k)
        else:
            for lane in range(width):
                new_j, new_k = limited_j(x, y, lane), limited_k(x, y, lane)
                store_j(x, lane, new_j)
                store_k(x, lane, new_k)

    return sweep


hip_0, knee_0, hip_1, knee_1 = (one_joint(j) for j in range(4))
hip_0_and_knee_1, hip_1_and_knee_0 = two_joints(0, 3), two_joints(2, 1)
