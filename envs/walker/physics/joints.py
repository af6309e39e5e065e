"""The four joints of one walker in scratch: load with warm start, velocity sweep, position sweep,
store.

The formulas are in joint.py; this module applies them to the state of one walker at a time. The
order of the joints is fixed when the passes are generated, at no run-time cost; solver.py explains
Box2D's order. A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written
anew: an altered version.
"""

from __future__ import annotations

import numpy as np

from . import joint
from . import state as at
from .body import JOINT_A, JOINT_B, LOWER_LIMIT, REFERENCE, UPPER_LIMIT
from .constraints import contact_velocity
from .jit import inline, routine
from .math import ZERO, rotate
from .settings import ANGULAR_SLOP, LINEAR_SLOP, STEP
from .sincos import sincos
from .traits import anchors, masses

FOUR = np.int64(4)


@inline
def load_joint(traits, f, k, fo, ko, s, i, j):
    """b2RevoluteJoint::InitVelocityConstraints of joint j into scratch, warm start included."""
    a, b = JOINT_A[j], JOINT_B[j]
    fa, fb = fo + a * at.BODY_SIZE, fo + b * at.BODY_SIZE
    (ma, ia), (mb, ib) = masses(traits, a), masses(traits, b)
    lax, lay, lbx, lby = anchors(traits, j)
    rax, ray = rotate(f[fa + at.QS], f[fa + at.QC], lax, lay)
    rbx, rby = rotate(f[fb + at.QS], f[fb + at.QC], lbx, lby)
    q = at.CONSTRAINT_J + j * at.CONSTRAINT_J_SIZE
    k11, k12, k13, k22, k23, k33 = joint.effective_mass(ma, ia, mb, ib, rax, ray, rbx, rby)
    s[q + at.RAX], s[q + at.RAY], s[q + at.RBX], s[q + at.RBY] = rax, ray, rbx, rby
    s[q + at.K11], s[q + at.K12], s[q + at.K13] = k11, k12, k13
    s[q + at.K22], s[q + at.K23], s[q + at.K33] = k22, k23, k33
    cx, cy, cz = joint.cross_columns(k12, k13, k22, k23, k33)
    s[q + at.CROSS_X], s[q + at.CROSS_Y], s[q + at.CROSS_Z] = cx, cy, cz
    s[q + at.INVERSE_33], s[q + at.INVERSE_22] = joint.inverse_determinants(
        k11, k12, k13, k22, cx, cy, cz
    )
    s[q + at.MOTOR_MASS] = traits[at.JOINT_INERTIA + j]
    w = fo + at.JOINT + j * at.JOINT_SIZE
    s[q + at.TARGET], s[q + at.MOST] = f[w + at.SPEED], STEP * f[w + at.TORQUE]
    angle = f[fb + at.A] - f[fa + at.A] - REFERENCE[j]
    limit = joint.limit_state(angle, LOWER_LIMIT[j], UPPER_LIMIT[j])
    kept = (limit == k[ko + at.LIMIT + j]) & (limit != at.INACTIVE)
    k[ko + at.LIMIT + j] = limit
    i[at.J_LIMIT + j] = limit
    x, y, z, m = f[w + at.IX], f[w + at.IY], f[w + at.IZ] if kept else ZERO, f[w + at.IM]
    s[q + at.SX], s[q + at.SY], s[q + at.SZ], s[q + at.SM] = x, y, z, m
    va, vb = at.BODY_V + 3 * a, at.BODY_V + 3 * b
    s[va] -= ma * x
    s[va + 1] -= ma * y
    s[va + 2] -= ia * ((rax * y - ray * x) + m + z)
    s[vb] += mb * x
    s[vb + 1] += mb * y
    s[vb + 2] += ib * ((rbx * y - rby * x) + m + z)


@routine
def load_limits(traits, k, ko, s, i):
    """Load the data that position sweeps need, for joints whose velocities are solved."""
    for j in range(FOUR):
        i[at.J_LIMIT + j] = k[ko + at.LIMIT + j]
        q = at.CONSTRAINT_J + j * at.CONSTRAINT_J_SIZE
        s[q + at.MOTOR_MASS] = traits[at.JOINT_INERTIA + j]


@inline
def joint_velocity(traits, s, i, j):
    """b2RevoluteJoint::SolveVelocityConstraints of joint j."""
    a, b = JOINT_A[j], JOINT_B[j]
    (ma, ia), (mb, ib) = masses(traits, a), masses(traits, b)
    q, va, vb = at.CONSTRAINT_J + j * at.CONSTRAINT_J_SIZE, at.BODY_V + 3 * a, at.BODY_V + 3 * b
    vax, vay, wa, vbx, vby, wb = s[va], s[va + 1], s[va + 2], s[vb], s[vb + 1], s[vb + 2]
    rax, ray, rbx, rby = s[q + at.RAX], s[q + at.RAY], s[q + at.RBX], s[q + at.RBY]
    k11, k12, k22, inverse = s[q + at.K11], s[q + at.K12], s[q + at.K22], s[q + at.INVERSE_22]
    wa, wb, s[q + at.SM] = joint.motor(
        s[q + at.MOTOR_MASS], ia, ib, s[q + at.TARGET], s[q + at.MOST], wa, wb, s[q + at.SM]
    )
    x, y = joint.point_velocity(vax, vay, wa, vbx, vby, wb, rax, ray, rbx, rby)
    limit = i[at.J_LIMIT + j]
    if limit == at.INACTIVE:
        px, py = joint.point_impulse(k11, k12, k22, inverse, x, y)
        wa -= ia * (rax * py - ray * px)
        wb += ib * (rbx * py - rby * px)
    else:
        px, py, pz, s[q + at.SZ] = joint.limited_impulse(
            k11, k12, s[q + at.K13], k22, s[q + at.K23], s[q + at.K33],
            s[q + at.CROSS_X], s[q + at.CROSS_Y], s[q + at.CROSS_Z], s[q + at.INVERSE_33], inverse,
            x, y, wb - wa, s[q + at.SZ], limit == at.AT_LOWER,
        )  # fmt: skip
        wa -= ia * ((rax * py - ray * px) + pz)
        wb += ib * ((rbx * py - rby * px) + pz)
    s[q + at.SX] += px
    s[q + at.SY] += py
    s[va], s[va + 1], s[va + 2] = vax - ma * px, vay - ma * py, wa
    s[vb], s[vb + 1], s[vb + 2] = vbx + mb * px, vby + mb * py, wb


@inline
def joint_position(traits, s, i, j):
    """b2RevoluteJoint::SolvePositionConstraints of joint j: True if its errors are small."""
    a, b = JOINT_A[j], JOINT_B[j]
    pa, pb = at.BODY_V + 3 * a, at.BODY_V + 3 * b
    (ma, ia), (mb, ib) = masses(traits, a), masses(traits, b)
    lax, lay, lbx, lby = anchors(traits, j)
    aa, ab = s[pa + 2], s[pb + 2]
    mass = s[at.CONSTRAINT_J + j * at.CONSTRAINT_J_SIZE + at.MOTOR_MASS]
    angle = ab - aa - REFERENCE[j]
    impulse, error = joint.limit_correction(
        angle, LOWER_LIMIT[j], UPPER_LIMIT[j], mass, i[at.J_LIMIT + j]
    )
    aa, ab = aa - ia * impulse, ab + ib * impulse
    sine, cosine = sincos(aa)
    rax, ray = rotate(sine, cosine, lax, lay)
    sine, cosine = sincos(ab)
    rbx, rby = rotate(sine, cosine, lbx, lby)
    s[pa], s[pa + 1], s[pa + 2], s[pb], s[pb + 1], s[pb + 2], apart = joint.position_correction(
        ma,
        ia,
        mb,
        ib,
        s[pa],
        s[pa + 1],
        aa,
        s[pb],
        s[pb + 1],
        ab,
        rax,
        ray,
        rbx,
        rby,
    )
    return (apart <= LINEAR_SLOP) & (error <= ANGULAR_SLOP)


def passes(order):
    """The passes over the joints in an order: load all; velocity sweeps including contacts; one
    position sweep.
    """
    first, second, third, fourth = (np.int64(j) for j in order)

    def load(traits, f, k, fo, ko, s, i):
        load_joint(traits, f, k, fo, ko, s, i, first)
        load_joint(traits, f, k, fo, ko, s, i, second)
        load_joint(traits, f, k, fo, ko, s, i, third)
        load_joint(traits, f, k, fo, ko, s, i, fourth)

    def velocities(traits, s, i, contacts, iterations):
        for _ in range(iterations):
            joint_velocity(traits, s, i, first)
            joint_velocity(traits, s, i, second)
            joint_velocity(traits, s, i, third)
            joint_velocity(traits, s, i, fourth)
            for n in range(contacts):
                contact_velocity(s, i, n)

    def positions(traits, s, i):
        one = joint_position(traits, s, i, first)
        two = joint_position(traits, s, i, second)
        three = joint_position(traits, s, i, third)
        four = joint_position(traits, s, i, fourth)
        return one & two & three & four

    return routine(load), routine(velocities), routine(positions)


@routine
def store_joints(f, fo, s):
    """Store the impulses for the next step's warm start."""
    for j in range(FOUR):
        q, w = at.CONSTRAINT_J + j * at.CONSTRAINT_J_SIZE, fo + at.JOINT + j * at.JOINT_SIZE
        f[w + at.IX], f[w + at.IY], f[w + at.IZ] = s[q + at.SX], s[q + at.SY], s[q + at.SZ]
        f[w + at.IM] = s[q + at.SM]
