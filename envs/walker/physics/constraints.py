"""The contact constraints of one walker in scratch: load, warm start, sweep, store
(b2ContactSolver).

The formulas are in constraint.py; this module applies them to the state of one walker at a time.
The island solver and TOI events use the same functions. A port of Box2D 2.3's algorithms (Erin
Catto, zlib licence), written anew: an altered version.
"""

from __future__ import annotations

import numpy as np

from . import constraint
from . import state as at
from .jit import routine
from .math import ZERO, minimum, rotate
from .sincos import sincos
from .traits import center, masses

ONE_POINT, TWO_POINTS = np.int32(1), np.int32(2)


@routine
def load_contact(traits, f, k, fo, ko, s, i, n, slot, x, y, sine, cosine, share):
    """Constraint n from the contact in a slot; the body's centre is (x, y), its rotation (sine,
    cosine).

    share: 1 to start from the stored impulses, 0 to start from zero.
    """
    body = np.int64(k[ko + at.SLOT + slot * at.SLOT_SIZE + at.OWNER])
    c, g = fo + at.CONTACT + slot * at.CONTACT_SIZE, ko + at.SLOT + slot * at.SLOT_SIZE
    q = at.CONSTRAINT_C + n * at.CONSTRAINT_C_SIZE
    m, inertia = masses(traits, body)
    kind, points = k[g + at.KIND], k[g + at.POINTS]
    ox, oy = rotate(sine, cosine, *center(traits, body))
    px, py = x - ox, y - oy
    nx, ny = f[c + at.LNX], f[c + at.LNY]
    if kind == at.FACE_B:
        nx, ny = rotate(sine, cosine, nx, ny)
    sign = np.float32(1.0) if kind == at.FACE_A else np.float32(-1.0)
    for p in range(np.int64(points)):
        wx, wy = constraint.world_point(
            kind, sine, cosine, px, py, f[c + at.P0X + 2 * p], f[c + at.P0Y + 2 * p], nx, ny,
            f[c + at.LPX], f[c + at.LPY],
        )  # fmt: skip
        rx, ry = wx - x, wy - y
        s[q + at.R0X + 2 * p], s[q + at.R0Y + 2 * p] = rx, ry
        s[q + at.N0 + p] = constraint.point_mass(m, inertia, rx, ry, sign * nx, sign * ny)
        s[q + at.T0 + p] = constraint.point_mass(m, inertia, rx, ry, sign * ny, -sign * nx)
        s[q + at.S0 + p], s[q + at.U0 + p] = share * f[c + at.NI0 + p], share * f[c + at.TI0 + p]
    s[q + at.MASS], s[q + at.INERTIA] = m, inertia
    s[q + at.NX], s[q + at.NY], s[q + at.MU] = sign * nx, sign * ny, traits[at.FRICTION + body]
    if points == TWO_POINTS:
        m11, m12, m22, v11, v12, v21, v22, good = constraint.block(
            m,
            inertia,
            s[q + at.R0X],
            s[q + at.R0Y],
            s[q + at.R1X],
            s[q + at.R1Y],
            sign * nx,
            sign * ny,
        )
        s[q + at.M11], s[q + at.M12], s[q + at.M22] = m11, m12, m22
        s[q + at.V11], s[q + at.V12], s[q + at.V21], s[q + at.V22] = v11, v12, v21, v22
        points = TWO_POINTS if good else ONE_POINT
    e = n * at.C_SIZE
    i[e + at.C_BODY], i[e + at.C_POINTS], i[e + at.C_SLOT] = body, points, slot


@routine
def warm_start(s, i, contacts):
    """Apply the initial impulses of the constraints."""
    for n in range(contacts):
        q, e = at.CONSTRAINT_C + n * at.CONSTRAINT_C_SIZE, n * at.C_SIZE
        body = np.int64(i[e + at.C_BODY])
        m, inertia, v = s[q + at.MASS], s[q + at.INERTIA], at.BODY_V + 3 * body
        nx, ny = s[q + at.NX], s[q + at.NY]
        for p in range(np.int64(i[e + at.C_POINTS])):
            normal, tangent = s[q + at.S0 + p], s[q + at.U0 + p]
            px, py = normal * nx + tangent * ny, normal * ny + tangent * -nx
            turn = s[q + at.R0X + 2 * p] * py - s[q + at.R0Y + 2 * p] * px
            s[v + 2] += inertia * turn
            s[v] += m * px
            s[v + 1] += m * py


@routine
def contact_velocity(s, i, n):
    """b2ContactSolver::SolveVelocityConstraints of constraint n: friction, then the normals."""
    q, e = at.CONSTRAINT_C + n * at.CONSTRAINT_C_SIZE, n * at.C_SIZE
    body, points = np.int64(i[e + at.C_BODY]), i[e + at.C_POINTS]
    m, inertia, v = s[q + at.MASS], s[q + at.INERTIA], at.BODY_V + 3 * body
    vx, vy, w, nx, ny, mu = s[v], s[v + 1], s[v + 2], s[q + at.NX], s[q + at.NY], s[q + at.MU]
    r0x, r0y, old0 = s[q + at.R0X], s[q + at.R0Y], s[q + at.S0]
    vx, vy, w, s[q + at.U0] = constraint.friction(
        m, inertia, vx, vy, w, r0x, r0y, nx, ny, s[q + at.T0], mu * old0, s[q + at.U0]
    )
    if points == ONE_POINT:
        vx, vy, w, s[q + at.S0] = constraint.normal_one(
            m, inertia, vx, vy, w, r0x, r0y, nx, ny, s[q + at.N0], old0
        )
    else:
        r1x, r1y, old1 = s[q + at.R1X], s[q + at.R1Y], s[q + at.S1]
        vx, vy, w, s[q + at.U1] = constraint.friction(
            m, inertia, vx, vy, w, r1x, r1y, nx, ny, s[q + at.T1], mu * old1, s[q + at.U1]
        )
        m11, m12, m22 = s[q + at.M11], s[q + at.M12], s[q + at.M22]
        b0, b1 = constraint.block_velocity(
            vx, vy, w, r0x, r0y, r1x, r1y, nx, ny, m11, m12, m22, old0, old1
        )
        new0, new1 = constraint.solve_block(
            m11, m12, m22, s[q + at.V11], s[q + at.V12], s[q + at.V21], s[q + at.V22],
            s[q + at.N0], s[q + at.N1], b0, b1, old0, old1,
        )  # fmt: skip
        vx, vy, w = constraint.apply_two(
            m, inertia, vx, vy, w, r0x, r0y, r1x, r1y, nx, ny, new0 - old0, new1 - old1
        )
        s[q + at.S0], s[q + at.S1] = new0, new1
    s[v], s[v + 1], s[v + 2] = vx, vy, w


@routine
def store_impulses(f, fo, s, i, contacts):
    """Store the impulses of the solved points for the next step's warm start."""
    for n in range(contacts):
        q, e = at.CONSTRAINT_C + n * at.CONSTRAINT_C_SIZE, n * at.C_SIZE
        c = fo + at.CONTACT + np.int64(i[e + at.C_SLOT]) * at.CONTACT_SIZE
        for p in range(np.int64(i[e + at.C_POINTS])):
            f[c + at.NI0 + p], f[c + at.TI0 + p] = s[q + at.S0 + p], s[q + at.U0 + p]


@routine
def position_contacts(traits, f, k, fo, ko, s, i, contacts, share):
    """One position sweep over the contacts, poses in scratch: the smallest separation [m], at most
    0.
    """
    least = ZERO
    for n in range(contacts):
        e = n * at.C_SIZE
        body, slot = np.int64(i[e + at.C_BODY]), np.int64(i[e + at.C_SLOT])
        c, g, v = (
            fo + at.CONTACT + slot * at.CONTACT_SIZE,
            ko + at.SLOT + slot * at.SLOT_SIZE,
            at.BODY_V + 3 * body,
        )
        (m, inertia), kind = masses(traits, body), k[g + at.KIND]
        x, y, a = s[v], s[v + 1], s[v + 2]
        for p in range(np.int64(k[g + at.POINTS])):
            sine, cosine = sincos(a)
            ox, oy = rotate(sine, cosine, *center(traits, body))
            apart, nx, ny, qx, qy = constraint.separation(
                kind, sine, cosine, x - ox, y - oy, f[c + at.P0X + 2 * p], f[c + at.P0Y + 2 * p],
                f[c + at.LNX], f[c + at.LNY], f[c + at.LPX], f[c + at.LPY],
            )  # fmt: skip
            least = minimum(least, apart)
            x, y, a = constraint.position_correction(
                m, inertia, x, y, a, apart, nx, ny, qx, qy, share
            )
        s[v], s[v + 1], s[v + 2] = x, y, a
    return least
