"""The revolute joint with limits and a motor (b2RevoluteJoint), as pure functions of floats.

The functions are shared by all drivers, which load, call and store for one walker or many lanes at
a time. Masses are m (inverse mass) and i (inverse inertia) of the bodies A and B; r is an anchor
from a centre of mass. A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an
altered version.
"""

from __future__ import annotations

from .jit import inline
from .math import ONE, ZERO, clamp, length
from .settings import ANGULAR_SLOP, MAX_ANGULAR_CORRECTION
from .state import AT_LOWER, AT_UPPER, INACTIVE


@inline
def effective_mass(ma, ia, mb, ib, rax, ray, rbx, rby):
    """The symmetric matrix of point and angle: k11, k12, k13, k22, k23, k33."""
    k11 = ma + mb + ray * ray * ia + rby * rby * ib
    k12 = -ray * rax * ia - rby * rbx * ib
    k13 = -ray * ia - rby * ib
    k22 = ma + mb + rax * rax * ia + rbx * rbx * ib
    k23 = rax * ia + rbx * ib
    return k11, k12, k13, k22, k23, ia + ib


@inline
def cross_columns(k12, k13, k22, k23, k33):
    """The cross product of the second and the third column."""
    return k22 * k33 - k23 * k23, k23 * k13 - k12 * k33, k12 * k23 - k22 * k13


@inline
def inverse_determinants(k11, k12, k13, k22, cx, cy, cz):
    """(of the whole matrix, of its upper two by two); 0 stays 0."""
    det33 = k11 * cx + k12 * cy + k13 * cz
    det22 = k11 * k22 - k12 * k12
    return ONE / det33 if det33 != ZERO else det33, ONE / det22 if det22 != ZERO else det22


@inline
def limit_state(angle, lower, upper):
    if angle <= lower:
        return AT_LOWER
    return AT_UPPER if angle >= upper else INACTIVE


@inline
def motor(mass, ia, ib, target, most, wa, wb, impulse):
    """Solve the motor constraint: (wa, wb, accumulated impulse)."""
    new = clamp(impulse + -mass * (wb - wa - target), -most, most)
    change = new - impulse
    return wa - ia * change, wb + ib * change, new


@inline
def point_velocity(vax, vay, wa, vbx, vby, wb, rax, ray, rbx, rby):
    """Velocity of B's anchor relative to A's."""
    return vbx + -wb * rby - vax - -wa * ray, vby + wb * rbx - vay - wa * rax


@inline
def point_impulse(k11, k12, k22, inverse, x, y):
    """b2Mat33::Solve22 of minus the velocity (x, y)."""
    x, y = -x, -y
    return inverse * (k22 * x - k12 * y), inverse * (k11 * y - k12 * x)


@inline
def limited_impulse(
    k11, k12, k13, k22, k23, k33, cx, cy, cz, inverse33, inverse22, x, y, w, sz, lower
):
    """Impulses (x, y, z) of point and limit, and the accumulated limit impulse after them.

    cx, cy, cz: the cross product of the matrix's second and third column.
    sz: accumulated so far; lower: at the lower limit (which may only push up), else at the upper
    one.
    """
    ix = inverse33 * (x * cx + y * cy + w * cz)
    iy = inverse33 * (
        k11 * (y * k33 - w * k23) + k12 * (w * k13 - x * k33) + k13 * (x * k23 - y * k13)
    )
    iz = inverse33 * (
        k11 * (k22 * w - k23 * y) + k12 * (k23 * x - k12 * w) + k13 * (k12 * y - k22 * x)
    )
    ix, iy, iz = -ix, -iy, -iz
    new = sz + iz
    release = new < ZERO if lower else new > ZERO
    bx, by = -x + sz * k13, -y + sz * k23
    px, py = inverse22 * (k22 * bx - k12 * by), inverse22 * (k11 * by - k12 * bx)
    return (
        px if release else ix,
        py if release else iy,
        -sz if release else iz,
        ZERO if release else new,
    )


@inline
def limit_correction(angle, lower, upper, mass, limit):
    """(impulse, error) that correct an angle beyond its limit; (0, 0) within the limits."""
    low, high = angle - lower, angle - upper
    below = clamp(low + ANGULAR_SLOP, -MAX_ANGULAR_CORRECTION, ZERO)
    above = clamp(high - ANGULAR_SLOP, ZERO, MAX_ANGULAR_CORRECTION)
    impulse, error = (
        -mass * (below if limit == AT_LOWER else above),
        -low if limit == AT_LOWER else high,
    )
    return ZERO if limit == INACTIVE else impulse, ZERO if limit == INACTIVE else error


@inline
def position_correction(ma, ia, mb, ib, ax, ay, aa, bx, by, ab, rax, ray, rbx, rby):
    """Move the anchors together: new poses of A and B, and the error before [m]."""
    ex, ey = bx + rbx - ax - rax, by + rby - ay - ray
    k11 = ma + mb + ia * ray * ray + ib * rby * rby
    k12 = -ia * rax * ray - ib * rbx * rby
    k22 = ma + mb + ia * rax * rax + ib * rbx * rbx
    det = k11 * k22 - k12 * k12
    det = ONE / det if det != ZERO else det
    px, py = -(det * (k22 * ex - k12 * ey)), -(det * (k11 * ey - k12 * ex))
    aa = aa - ia * (rax * py - ray * px)
    ab = ab + ib * (rbx * py - rby * px)
    return ax - ma * px, ay - ma * py, aa, bx + mb * px, by + mb * py, ab, length(ex, ey)
