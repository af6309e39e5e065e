"""Time of impact of a moving body and a terrain shape (b2TimeOfImpact), by conservative advancement
along separating axes.

The terrain does not move, so only the body has a sweep; it is in scratch (SWEEP: centre and angle
at both ends), as is the separation function (FUNCTION: its kind; AXIS; LOCAL: a point of the
face). A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an altered
version.
"""

from __future__ import annotations

import math

import numpy as np

from . import state as at
from .distance import ONE_CORNER, body_support, distance, terrain_support
from .jit import inline, routine
from .math import HALF, ONE, ZERO, normalize, place, rotate, unrotate
from .settings import LINEAR_SLOP, MAX_POLYGON_VERTICES, PI, TOTAL_RADIUS
from .sincos import sincos
from .traits import center, vertex

BETWEEN_POINTS, TERRAIN_FACE, BODY_FACE = np.int32(0), np.int32(1), np.int32(2)
# distance that counts as impact [m]
TARGET = max(LINEAR_SLOP, TOTAL_RADIUS - np.float32(3.0) * LINEAR_SLOP)
TOLERANCE = np.float32(0.25) * LINEAR_SLOP
TWO_PI = np.float32(2.0) * PI
MOST_AXES, MOST_ROOT_STEPS = np.int64(20), np.int64(50)
FIRST, SECOND = at.INDEX, at.INDEX + 2


@routine
def load_sweep(f, b, s):
    """b2Sweep::Normalize of a body's sweep, into scratch."""
    shift = TWO_PI * np.float32(math.floor(f[b + at.A0] / TWO_PI))
    s[at.SWEEP], s[at.SWEEP + 1], s[at.SWEEP + 2] = (
        f[b + at.C0X],
        f[b + at.C0Y],
        f[b + at.A0] - shift,
    )
    s[at.SWEEP + 3], s[at.SWEEP + 4], s[at.SWEEP + 5] = (
        f[b + at.CX],
        f[b + at.CY],
        f[b + at.A] - shift,
    )


@routine
def pose_at(traits, s, body, t):
    """The body's pose at the fraction t of its sweep: sine, cosine, origin."""
    rest = ONE - t
    x = rest * s[at.SWEEP] + t * s[at.SWEEP + 3]
    y = rest * s[at.SWEEP + 1] + t * s[at.SWEEP + 4]
    sine, cosine = sincos(rest * s[at.SWEEP + 2] + t * s[at.SWEEP + 5])
    rx, ry = rotate(sine, cosine, *center(traits, body))
    return sine, cosine, x - rx, y - ry


@inline
def body_point(traits, body, corner, sine, cosine, px, py):
    return place(sine, cosine, px, py, *vertex(traits, body, corner))


@routine
def choose_axis(traits, s, i, corners, shapes, e, body, t):
    """b2SeparationFunction::Initialize from the simplex that distance() left."""
    sine, cosine, px, py = pose_at(traits, s, body, t)
    a0, b0, a1, b1 = (
        np.int64(i[FIRST]),
        np.int64(i[FIRST + 1]),
        np.int64(i[SECOND]),
        np.int64(i[SECOND + 1]),
    )
    ax, ay = shapes[e + 2 * a0], shapes[e + 2 * a0 + 1]
    if corners == ONE_CORNER:
        i[at.FUNCTION] = BETWEEN_POINTS
        bx, by = body_point(traits, body, b0, sine, cosine, px, py)
        s[at.AXIS], s[at.AXIS + 1], _ = normalize(bx - ax, by - ay)
        return
    if a0 == a1:
        i[at.FUNCTION] = BODY_FACE
        (x1, y1), (x2, y2) = vertex(traits, body, b0), vertex(traits, body, b1)
        nx, ny, _ = normalize(y2 - y1, -(x2 - x1))
        lx, ly = HALF * (x1 + x2), HALF * (y1 + y2)
        wx, wy = rotate(sine, cosine, nx, ny)
        bx, by = place(sine, cosine, px, py, lx, ly)
        apart = (ax - bx) * wx + (ay - by) * wy
    else:
        i[at.FUNCTION] = TERRAIN_FACE
        x2, y2 = shapes[e + 2 * a1], shapes[e + 2 * a1 + 1]
        nx, ny, _ = normalize(y2 - ay, -(x2 - ax))
        lx, ly = HALF * (ax + x2), HALF * (ay + y2)
        bx, by = body_point(traits, body, b0, sine, cosine, px, py)
        apart = (bx - lx) * nx + (by - ly) * ny
    if apart < ZERO:
        nx, ny = -nx, -ny
    s[at.AXIS], s[at.AXIS + 1], s[at.LOCAL], s[at.LOCAL + 1] = nx, ny, lx, ly


@routine
def separation(traits, s, i, shapes, e, body, a, b, t):
    """b2SeparationFunction::Evaluate: separation of terrain corner a and body corner b along the
    axis at t [m].
    """
    sine, cosine, px, py = pose_at(traits, s, body, t)
    kind, nx, ny = i[at.FUNCTION], s[at.AXIS], s[at.AXIS + 1]
    lx, ly = s[at.LOCAL], s[at.LOCAL + 1]
    if kind == BODY_FACE:
        nx, ny = rotate(sine, cosine, nx, ny)
        x, y = place(sine, cosine, px, py, lx, ly)
        return (shapes[e + 2 * a] - x) * nx + (shapes[e + 2 * a + 1] - y) * ny
    x, y = body_point(traits, body, b, sine, cosine, px, py)
    if kind == BETWEEN_POINTS:
        lx, ly = shapes[e + 2 * a], shapes[e + 2 * a + 1]
    return (x - lx) * nx + (y - ly) * ny


@routine
def deepest(traits, s, i, shapes, e, count, body, t):
    """b2SeparationFunction::FindMinSeparation at t: the corners (terrain, body) with the deepest
    penetration.
    """
    sine, cosine, _, _ = pose_at(traits, s, body, t)
    nx, ny = s[at.AXIS], s[at.AXIS + 1]
    zero = np.int64(0)
    if i[at.FUNCTION] == BODY_FACE:
        nx, ny = rotate(sine, cosine, nx, ny)
        return terrain_support(shapes, e, count, -nx, -ny), zero
    lx, ly = unrotate(sine, cosine, -nx, -ny)
    b = body_support(traits, body, lx, ly)
    return (
        terrain_support(shapes, e, count, nx, ny) if i[at.FUNCTION] == BETWEEN_POINTS else zero
    ), b


@routine
def root(traits, s, i, shapes, e, body, a, b, t1, t2, s1, s2):
    """The time between t1 and t2 at which the separation of corners a and b equals TARGET; t2 if
    none is found.
    """
    low, high = t1, t2
    for n in range(MOST_ROOT_STEPS):
        t = low + (TARGET - s1) * (high - low) / (s2 - s1) if n & 1 else HALF * (low + high)
        value = separation(traits, s, i, shapes, e, body, a, b, t)
        if abs(value - TARGET) < TOLERANCE:
            return t
        if value > TARGET:
            low, s1 = t, value
        else:
            high, s2 = t, value
    return t2


@routine
def advance(traits, s, i, shapes, e, count, body, t1):
    """Advance t along one separating axis: (finished?, touching?, t)."""
    t2 = ONE
    for _ in range(MAX_POLYGON_VERTICES):
        a, b = deepest(traits, s, i, shapes, e, count, body, t2)
        s2 = separation(traits, s, i, shapes, e, body, a, b, t2)
        if s2 > TARGET + TOLERANCE:
            return True, False, ONE
        if s2 > TARGET - TOLERANCE:
            return False, False, t2
        s1 = separation(traits, s, i, shapes, e, body, a, b, t1)
        if s1 < TARGET - TOLERANCE:
            return True, False, t1
        if s1 <= TARGET + TOLERANCE:
            return True, True, t1
        t2 = root(traits, s, i, shapes, e, body, a, b, t1, t2, s1, s2)
    return False, False, t1


@routine
def time_of_impact(traits, f, b, body, s, i, shapes, e, count):
    """b2TimeOfImpact: (whether the body touches the shape during its sweep, at which fraction)."""
    load_sweep(f, b, s)
    t, corners, metric = ZERO, np.int64(0), ZERO
    for _ in range(MOST_AXES):
        sine, cosine, px, py = pose_at(traits, s, body, t)
        apart, corners, metric = distance(
            traits, s, i, corners, metric, shapes, e, count, body, sine, cosine, px, py
        )
        if apart <= ZERO:
            return False, ZERO
        if apart < TARGET + TOLERANCE:
            return True, t
        choose_axis(traits, s, i, corners, shapes, e, body, t)
        finished, touching, t = advance(traits, s, i, shapes, e, count, body, t)
        if finished:
            return touching, t
    return False, t
