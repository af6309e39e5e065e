"""Distance between a terrain shape and a body (b2Distance): GJK with a cache of the last simplex.

The terrain's corners are already in the world frame. The simplex is in scratch: for each of up to
three vertices seven floats (point on A, point on B, B - A, weight) and the two corner indices. The
cache is (metric, corners); the indices stay in scratch between calls. A port of Box2D 2.3's
algorithms (Erin Catto, zlib licence), written anew: an altered version.
"""

from __future__ import annotations

import numpy as np

from . import state as at
from .body import COUNT
from .jit import inline, routine
from .math import EPSILON, HALF, ONE, ZERO, length, place, unrotate
from .traits import vertex

AX, AY, BX, BY, WX, WY, WEIGHT = at.fields(7)
VERTEX_SIZE, INDEX_SIZE = np.int64(7), np.int64(2)
V1 = at.SIMPLEX
V2, V3 = V1 + VERTEX_SIZE, V1 + 2 * VERTEX_SIZE
I1 = at.INDEX
I2, I3 = I1 + INDEX_SIZE, I1 + 2 * INDEX_SIZE
MOST_ITERATIONS = 20
TWICE = np.float32(2.0)
FIRST, ONE_CORNER, TWO_CORNERS, THREE_CORNERS = np.int64(0), np.int64(1), np.int64(2), np.int64(3)


@inline
def terrain_support(shapes, e, corners, x, y):
    """The terrain corner farthest along (x, y)."""
    best, most = FIRST, shapes[e] * x + shapes[e + 1] * y
    for i in range(ONE_CORNER, corners):
        value = shapes[e + 2 * i] * x + shapes[e + 2 * i + 1] * y
        if value > most:
            best, most = i, value
    return best


@inline
def body_support(traits, body, x, y):
    """The body's corner farthest along (x, y), body frame."""
    vx, vy = vertex(traits, body, FIRST)
    best, most = FIRST, vx * x + vy * y
    for i in range(ONE_CORNER, COUNT[body]):
        vx, vy = vertex(traits, body, i)
        value = vx * x + vy * y
        if value > most:
            best, most = i, value
    return best


@inline
def fill(traits, s, v, shapes, e, body, a, b, sine, cosine, px, py):
    """Simplex vertex v from terrain corner a and body corner b."""
    ax, ay = shapes[e + 2 * a], shapes[e + 2 * a + 1]
    bx, by = place(sine, cosine, px, py, *vertex(traits, body, b))
    s[v + AX], s[v + AY], s[v + BX], s[v + BY] = ax, ay, bx, by
    s[v + WX], s[v + WY] = bx - ax, by - ay


@inline
def copy_vertex(s, i, to, of, index_to, index_of):
    for n in range(VERTEX_SIZE):
        s[to + n] = s[of + n]
    i[index_to], i[index_to + 1] = i[index_of], i[index_of + 1]


@routine
def metric(s, corners):
    """Length of a segment, twice the area of a triangle."""
    if corners == TWO_CORNERS:
        return length(s[V1 + WX] - s[V2 + WX], s[V1 + WY] - s[V2 + WY])
    if corners == THREE_CORNERS:
        ax, ay = s[V2 + WX] - s[V1 + WX], s[V2 + WY] - s[V1 + WY]
        bx, by = s[V3 + WX] - s[V1 + WX], s[V3 + WY] - s[V1 + WY]
        return ax * by - ay * bx
    return ZERO


@routine
def read_cache(traits, s, i, corners, old, shapes, e, body, sine, cosine, px, py):
    """b2Simplex::ReadCache: the number of corners of the initial simplex."""
    for n in range(corners):
        v, index = V1 + n * VERTEX_SIZE, I1 + n * INDEX_SIZE
        a, b = np.int64(i[index]), np.int64(i[index + 1])
        fill(traits, s, v, shapes, e, body, a, b, sine, cosine, px, py)
        s[v + WEIGHT] = ZERO
    if corners > ONE_CORNER:
        new = metric(s, corners)
        if (new < HALF * old) | (TWICE * old < new) | (new < EPSILON):
            corners = FIRST
    if corners == FIRST:
        i[I1], i[I1 + 1] = 0, 0
        fill(traits, s, V1, shapes, e, body, FIRST, FIRST, sine, cosine, px, py)
        s[V1 + WEIGHT] = ONE
        corners = ONE_CORNER
    return corners


@routine
def solve_two(s, i):
    """Closest point of a segment to the origin; the number of remaining corners."""
    x1, y1, x2, y2 = s[V1 + WX], s[V1 + WY], s[V2 + WX], s[V2 + WY]
    ex, ey = x2 - x1, y2 - y1
    d2 = -(x1 * ex + y1 * ey)
    if d2 <= ZERO:
        s[V1 + WEIGHT] = ONE
        return ONE_CORNER
    d1 = x2 * ex + y2 * ey
    if d1 <= ZERO:
        s[V2 + WEIGHT] = ONE
        copy_vertex(s, i, V1, V2, I1, I2)
        return ONE_CORNER
    inverse = ONE / (d1 + d2)
    s[V1 + WEIGHT], s[V2 + WEIGHT] = d1 * inverse, d2 * inverse
    return TWO_CORNERS


@routine
def solve_three(s, i):
    """Closest point of a triangle to the origin; the number of remaining corners."""
    x1, y1, x2, y2, x3, y3 = s[V1 + WX], s[V1 + WY], s[V2 + WX], s[V2 + WY], s[V3 + WX], s[V3 + WY]
    e12x, e12y, e13x, e13y, e23x, e23y = x2 - x1, y2 - y1, x3 - x1, y3 - y1, x3 - x2, y3 - y2
    d12_1, d12_2 = x2 * e12x + y2 * e12y, -(x1 * e12x + y1 * e12y)
    d13_1, d13_2 = x3 * e13x + y3 * e13y, -(x1 * e13x + y1 * e13y)
    d23_1, d23_2 = x3 * e23x + y3 * e23y, -(x2 * e23x + y2 * e23y)
    n123 = e12x * e13y - e12y * e13x
    d123_1, d123_2, d123_3 = (
        n123 * (x2 * y3 - y2 * x3),
        n123 * (x3 * y1 - y3 * x1),
        n123 * (x1 * y2 - y1 * x2),
    )
    if (d12_2 <= ZERO) & (d13_2 <= ZERO):
        s[V1 + WEIGHT] = ONE
        return ONE_CORNER
    if (d12_1 > ZERO) & (d12_2 > ZERO) & (d123_3 <= ZERO):
        inverse = ONE / (d12_1 + d12_2)
        s[V1 + WEIGHT], s[V2 + WEIGHT] = d12_1 * inverse, d12_2 * inverse
        return TWO_CORNERS
    if (d13_1 > ZERO) & (d13_2 > ZERO) & (d123_2 <= ZERO):
        inverse = ONE / (d13_1 + d13_2)
        s[V1 + WEIGHT], s[V3 + WEIGHT] = d13_1 * inverse, d13_2 * inverse
        copy_vertex(s, i, V2, V3, I2, I3)
        return TWO_CORNERS
    if (d12_1 <= ZERO) & (d23_2 <= ZERO):
        s[V2 + WEIGHT] = ONE
        copy_vertex(s, i, V1, V2, I1, I2)
        return ONE_CORNER
    if (d13_1 <= ZERO) & (d23_1 <= ZERO):
        s[V3 + WEIGHT] = ONE
        copy_vertex(s, i, V1, V3, I1, I3)
        return ONE_CORNER
    if (d23_1 > ZERO) & (d23_2 > ZERO) & (d123_1 <= ZERO):
        inverse = ONE / (d23_1 + d23_2)
        s[V2 + WEIGHT], s[V3 + WEIGHT] = d23_1 * inverse, d23_2 * inverse
        copy_vertex(s, i, V1, V3, I1, I3)
        return TWO_CORNERS
    inverse = ONE / (d123_1 + d123_2 + d123_3)
    s[V1 + WEIGHT], s[V2 + WEIGHT], s[V3 + WEIGHT] = (
        d123_1 * inverse,
        d123_2 * inverse,
        d123_3 * inverse,
    )
    return THREE_CORNERS


@routine
def search_direction(s, corners):
    """From the simplex towards the origin."""
    if corners == ONE_CORNER:
        return -s[V1 + WX], -s[V1 + WY]
    ex, ey = s[V2 + WX] - s[V1 + WX], s[V2 + WY] - s[V1 + WY]
    side = ex * -s[V1 + WY] - ey * -s[V1 + WX]
    if side > ZERO:
        return -ey, ex
    return ey, -ex


@routine
def witness_distance(s, corners):
    """Distance between the closest points [m]."""
    if corners == THREE_CORNERS:
        return ZERO
    ax, ay, bx, by = s[V1 + AX], s[V1 + AY], s[V1 + BX], s[V1 + BY]
    if corners == TWO_CORNERS:
        p, q = s[V1 + WEIGHT], s[V2 + WEIGHT]
        ax, ay = p * ax + q * s[V2 + AX], p * ay + q * s[V2 + AY]
        bx, by = p * bx + q * s[V2 + BX], p * by + q * s[V2 + BY]
    return length(ax - bx, ay - by)


@routine
def distance(traits, s, i, corners, old, shapes, e, count, body, sine, cosine, px, py):
    """b2Distance without radii: (distance [m], number of corners and metric of the final simplex,
    for the next call).
    """
    corners = read_cache(traits, s, i, corners, old, shapes, e, body, sine, cosine, px, py)
    for _ in range(MOST_ITERATIONS):
        a1, b1, a2, b2, a3, b3 = i[I1], i[I1 + 1], i[I2], i[I2 + 1], i[I3], i[I3 + 1]
        saved = corners
        if corners == TWO_CORNERS:
            corners = solve_two(s, i)
        elif corners == THREE_CORNERS:
            corners = solve_three(s, i)
        if corners == THREE_CORNERS:
            break
        x, y = search_direction(s, corners)
        if x * x + y * y < EPSILON * EPSILON:
            break
        a = terrain_support(shapes, e, count, -x, -y)
        lx, ly = unrotate(sine, cosine, x, y)
        b = body_support(traits, body, lx, ly)
        v, index = V1 + corners * VERTEX_SIZE, I1 + corners * INDEX_SIZE
        fill(traits, s, v, shapes, e, body, a, b, sine, cosine, px, py)
        i[index], i[index + 1] = a, b
        again = (a == a1) & (b == b1)
        again |= (saved > ONE_CORNER) & (a == a2) & (b == b2)
        again |= (saved > TWO_CORNERS) & (a == a3) & (b == b3)
        if again:
            break
        corners += ONE_CORNER
    return witness_distance(s, corners), corners, metric(s, corners)
