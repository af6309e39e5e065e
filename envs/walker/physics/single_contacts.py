"""The contact constraints of one walker by body, with the body's velocity in registers; used by
single_velocities.py.

The formulas are in constraint.py, and the results equal those of constraints.py to the last bit. A
port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an altered version.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import constraint
from . import state as at
from .constraints import ONE_POINT
from .jit import inline, routine
from .traits import masses

BODIES = np.int64(5)
HULL, LEG_0, LOWER_0, LEG_1, LOWER_1 = (np.int64(body) for body in range(5))


@routine
def order_by_body(i, contacts):
    """List the constraints by body, newest first within a body, in the field C_ORDER."""
    place = np.int64(0)
    for body in range(BODIES):
        for n in range(contacts):
            if i[n * at.C_SIZE + at.C_BODY] == body:
                i[place * at.C_SIZE + at.C_ORDER] = n
                place += 1


@inline
def first_of(i, contacts, body):
    """The number of constraints of the bodies before this one."""
    count = np.int64(0)
    for n in range(contacts):
        count += i[n * at.C_SIZE + at.C_BODY] < body
    return count


def contact_velocities(body: int) -> Callable:
    """b2ContactSolver::SolveVelocityConstraints of a body's constraints, by number."""
    part = np.int64(body)

    @inline
    def one_point(traits, s, q, normal, v, old):
        v = constraint.normal_one(
            *masses(traits, part), *v, s[q + at.R0X], s[q + at.R0Y], *normal, s[q + at.N0], old
        )
        s[q + at.S0] = v[3]
        return v[0], v[1], v[2]

    @inline
    def rub(traits, s, q, p, normal, v, old):
        """Friction of point p."""
        vx, vy, w, s[q + at.U0 + p] = constraint.friction(
            *masses(traits, part), *v, s[q + at.R0X + 2 * p], s[q + at.R0Y + 2 * p], *normal,
            s[q + at.T0 + p], s[q + at.MU] * old, s[q + at.U0 + p],
        )  # fmt: skip
        return vx, vy, w

    @inline
    def two_points(traits, s, q, normal, v, old0):
        r0, r1 = (s[q + at.R0X], s[q + at.R0Y]), (s[q + at.R1X], s[q + at.R1Y])
        old1 = s[q + at.S1]
        v = rub(traits, s, q, np.int64(1), normal, v, old1)
        k = s[q + at.M11], s[q + at.M12], s[q + at.M22]
        b0, b1 = constraint.block_velocity(*v, *r0, *r1, *normal, *k, old0, old1)
        new0, new1 = constraint.solve_block(
            *k, s[q + at.V11], s[q + at.V12], s[q + at.V21], s[q + at.V22],
            s[q + at.N0], s[q + at.N1], b0, b1, old0, old1,
        )  # fmt: skip
        s[q + at.S0], s[q + at.S1] = new0, new1
        return constraint.apply_two(
            *masses(traits, part), *v, *r0, *r1, *normal, new0 - old0, new1 - old1
        )

    @inline
    def solve(traits, s, i, first, end, v):
        for place in range(first, end):
            n = np.int64(i[place * at.C_SIZE + at.C_ORDER])
            q = at.CONSTRAINT_C + n * at.CONSTRAINT_C_SIZE
            normal, old = (s[q + at.NX], s[q + at.NY]), s[q + at.S0]
            v = rub(traits, s, q, np.int64(0), normal, v, old)
            if i[n * at.C_SIZE + at.C_POINTS] == ONE_POINT:
                v = one_point(traits, s, q, normal, v, old)
            else:
                v = two_points(traits, s, q, normal, v, old)
        return v

    return solve


on_hull, on_leg_0, on_lower_0, on_leg_1, on_lower_1 = (contact_velocities(b) for b in range(5))
