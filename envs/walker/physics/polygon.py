"""A convex polygon in Box2D's form: gift wrapping, normals, centroid, all in float32
(b2PolygonShape::Set).

A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an altered version. The
functions work compiled and, through `interpreted`, in plain Python.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .jit import routine
from .math import HALF, ONE, ZERO

THIRD = ONE / np.float32(3.0)
SHORTEST = np.float32(1e-6)  # edge [m]
SMALLEST = 1e-6  # area [m2]


def interpreted(function: Any) -> Any:
    """The Python function behind a compiled one."""
    return getattr(function, "py_func", function)


@routine
def wrap(points, hull):
    """Number of corners of the convex hull of `points` [k, 2]; their indices go to hull [k],
    counter-clockwise.

    The first is the rightmost point, the lowest of several.
    """
    k = len(points)
    first = 0
    for i in range(1, k):
        right = points[i, 0] > points[first, 0]
        if right or (points[i, 0] == points[first, 0] and points[i, 1] < points[first, 1]):
            first = i
    n, last = 1, first
    hull[0] = first
    while True:
        best = 0
        for j in range(1, k):
            if best == last:
                best = j
                continue
            rx, ry = points[best, 0] - points[last, 0], points[best, 1] - points[last, 1]
            vx, vy = points[j, 0] - points[last, 0], points[j, 1] - points[last, 1]
            turn = rx * vy - ry * vx
            if turn < ZERO or (turn == ZERO and vx * vx + vy * vy > rx * rx + ry * ry):
                best = j
        if best == first or n == k:
            return n
        hull[n] = last = best
        n += 1


@routine
def area(points):
    """Of the polygon with these corners [k, 2] in this order, in float64 [m2]."""
    twice, k = 0.0, len(points)
    for i in range(k):
        j = i + 1 if i + 1 < k else 0
        twice += np.float64(points[i, 0]) * np.float64(points[j, 1])
        twice -= np.float64(points[i, 1]) * np.float64(points[j, 0])
    return 0.5 * abs(twice)


@routine
def normals(corners, n, result):
    """Unit normals of n corners into result; True if no edge is too short. Both flat: x0, y0, x1,
    ...
    """
    proper = n >= 3
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        ex, ey = corners[2 * j] - corners[2 * i], corners[2 * j + 1] - corners[2 * i + 1]
        size = np.float32(math.sqrt(ex * ex + ey * ey))
        proper = proper and size > SHORTEST
        if proper:
            inverse = ONE / size
            result[2 * i], result[2 * i + 1] = ey * inverse, -ex * inverse
    return proper


@routine
def centroid(corners, n):
    """Of n corners in a flat array: x, y."""
    x, y, total = ZERO, ZERO, ZERO
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        ax, ay, bx, by = corners[2 * i], corners[2 * i + 1], corners[2 * j], corners[2 * j + 1]
        triangle = HALF * (ax * by - ay * bx)
        total += triangle
        share = triangle * THIRD
        x, y = x + share * (ax + bx), y + share * (ay + by)
    inverse = ONE / total
    return x * inverse, y * inverse
