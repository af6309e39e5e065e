"""The contact constraint (b2ContactSolver) as pure functions of floats: friction, one normal, two
normals, position.

One side of every contact is the terrain, whose inverse mass and velocity are zero, so its terms are
exactly zero and are left out. Restitution is 0, so there is no velocity bias.
m, i: inverse mass and inertia of the body; r: contact point from its centre of mass; n: normal, off
the terrain. A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an altered
version.
"""

from __future__ import annotations

from .jit import inline
from .math import HALF, ONE, ZERO, clamp, maximum, place, rotate
from .settings import CONDITION_LIMIT, LINEAR_SLOP, MAX_LINEAR_CORRECTION, POLYGON_RADIUS
from .state import FACE_A


@inline
def world_point(kind, s, c, px, py, lx, ly, nx, ny, gx, gy):
    """b2WorldManifold: the point halfway between the two skins. nx, ny: the face's outward normal
    in the world; (lx, ly): the clipped point and (gx, gy): a point of the face, as the manifold
    keeps them."""
    if kind == FACE_A:
        x, y = place(s, c, px, py, lx, ly)
    else:
        x, y = lx, ly
        gx, gy = place(s, c, px, py, gx, gy)
    depth = POLYGON_RADIUS - ((x - gx) * nx + (y - gy) * ny)
    return (
        HALF * ((x + depth * nx) + (x - POLYGON_RADIUS * nx)),
        HALF * ((y + depth * ny) + (y - POLYGON_RADIUS * ny)),
    )


@inline
def point_mass(m, i, rx, ry, nx, ny):
    """1 / (m + i (r x n)^2), the effective mass along n."""
    arm = rx * ny - ry * nx
    k = m + i * arm * arm
    return ONE / k if k > ZERO else ZERO


@inline
def block(m, i, r0x, r0y, r1x, r1y, nx, ny):
    """Two points' matrix k11, k12, k22, its inverse v11, v12, v21, v22, and whether it may be
    inverted.
    """
    a0, a1 = r0x * ny - r0y * nx, r1x * ny - r1y * nx
    k11, k22, k12 = m + i * a0 * a0, m + i * a1 * a1, m + i * a0 * a1
    det = k11 * k22 - k12 * k12
    good = k11 * k11 < CONDITION_LIMIT * det
    inverse = ONE / det if det != ZERO else det
    return k11, k12, k22, inverse * k22, -inverse * k12, -inverse * k12, inverse * k11, good


@inline
def friction(m, i, vx, vy, w, rx, ry, nx, ny, mass, most, impulse):
    """Friction of one point: (vx, vy, w, accumulated impulse)."""
    speed = (vx + -w * ry) * ny + (vy + w * rx) * -nx
    new = clamp(impulse + mass * -speed, -most, most)
    change = new - impulse
    px, py = change * ny, change * -nx
    return vx + m * px, vy + m * py, w + i * (rx * py - ry * px), new


@inline
def normal_one(m, i, vx, vy, w, rx, ry, nx, ny, mass, impulse):
    """The normal impulse of a contact of one point: (vx, vy, w, accumulated impulse)."""
    speed = (vx + -w * ry) * nx + (vy + w * rx) * ny
    new = maximum(impulse + -mass * speed, ZERO)
    change = new - impulse
    px, py = change * nx, change * ny
    return vx + m * px, vy + m * py, w + i * (rx * py - ry * px), new


@inline
def block_velocity(vx, vy, w, r0x, r0y, r1x, r1y, nx, ny, k11, k12, k22, old0, old1):
    """The two points' normal velocities without the effect of the accumulated impulses."""
    b0 = (vx + -w * r0y) * nx + (vy + w * r0x) * ny - (k11 * old0 + k12 * old1)
    b1 = (vx + -w * r1y) * nx + (vy + w * r1x) * ny - (k12 * old0 + k22 * old1)
    return b0, b1


@inline
def solve_block(k11, k12, k22, v11, v12, v21, v22, mass0, mass1, b0, b1, old0, old1):
    """Normal impulses of two points that satisfy the complementarity conditions: the first of four
    cases that does, else no change.
    """
    both0, both1 = -(v11 * b0 + v12 * b1), -(v21 * b0 + v22 * b1)
    only0, only1 = -mass0 * b0, -mass1 * b1
    both = (both0 >= ZERO) & (both1 >= ZERO)
    first = (only0 >= ZERO) & (k12 * only0 + b1 >= ZERO)
    second = (only1 >= ZERO) & (k12 * only1 + b0 >= ZERO)
    neither = (b0 >= ZERO) & (b1 >= ZERO)
    x0, x1 = ZERO if neither else old0, ZERO if neither else old1
    x0, x1 = ZERO if second else x0, only1 if second else x1
    x0, x1 = only0 if first else x0, ZERO if first else x1
    return both0 if both else x0, both1 if both else x1


@inline
def apply_two(m, i, vx, vy, w, r0x, r0y, r1x, r1y, nx, ny, d0, d1):
    """Velocities after normal impulses d0 and d1."""
    p0x, p0y, p1x, p1y = d0 * nx, d0 * ny, d1 * nx, d1 * ny
    turn = (r0x * p0y - r0y * p0x) + (r1x * p1y - r1y * p1x)
    return vx + m * (p0x + p1x), vy + m * (p0y + p1y), w + i * turn


@inline
def separation(kind, s, c, px, py, lx, ly, nx, ny, gx, gy):
    """b2PositionSolverManifold: (separation, normal off the terrain, point), from the manifold's
    local values.
    """
    mine = kind == FACE_A  # the clipped point is the walker's; else the face is
    x, y = place(s, c, px, py, lx if mine else gx, ly if mine else gy)
    tx, ty = rotate(s, c, nx, ny)
    nx, ny = nx if mine else tx, ny if mine else ty
    qx, qy, gx, gy = x if mine else lx, y if mine else ly, gx if mine else x, gy if mine else y
    apart = (qx - gx) * nx + (qy - gy) * ny - POLYGON_RADIUS - POLYGON_RADIUS
    return apart, nx if mine else -nx, ny if mine else -ny, qx, qy


@inline
def position_correction(m, i, x, y, a, apart, nx, ny, qx, qy, share):
    """The body's pose x, y, a after a correction by a share of the penetration at the point
    (qx, qy).
    """
    depth = clamp(share * (apart + LINEAR_SLOP), -MAX_LINEAR_CORRECTION, ZERO)
    rx, ry = qx - x, qy - y
    arm = rx * ny - ry * nx
    k = m + i * arm * arm
    impulse = -depth / k if k > ZERO else ZERO
    px, py = impulse * nx, impulse * ny
    return x + m * px, y + m * py, a + i * (rx * py - ry * px)
