"""Ten rays against the terrain (b2EdgeShape::RayCast, b2PolygonShape::RayCast): the nearest hit of
each.

Box2D shortens a ray at every reported hit, so the last report is the nearest hit for any order of
shapes. All rays point right or straight down, so shapes are visited from left to right until the
ray ends. A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew:
an altered version.
"""

from __future__ import annotations

import math

import numpy as np

from . import state as at
from .body import SCALE
from .broadphase import first_reaching
from .jit import inline, routine
from .math import ONE, ZERO, minimum

RANGE = 160 / SCALE  # [m]
RAYS = 10
# from the hull's origin [m]
RAY_X = np.array([math.sin(1.5 * ray / 10.0) * RANGE for ray in range(RAYS)])
RAY_Y = np.array([-math.cos(1.5 * ray / 10.0) * RANGE for ray in range(RAYS)])
EDGE, MISS = np.int32(2), np.float32(2.0)
NONE = np.int64(-1)


@inline
def edge_hit(shapes, e, px, py, dx, dy, most):
    """Fraction of the ray (px, py) + t (dx, dy) at which it hits the edge, MISS if not within
    `most`.
    """
    x1, y1 = shapes[e], shapes[e + 1]
    nx, ny = shapes[e + at.SHAPE_NORMAL], shapes[e + at.SHAPE_NORMAL + 1]
    below = nx * dx + ny * dy
    if below == ZERO:
        return MISS
    t = (nx * (x1 - px) + ny * (y1 - py)) / below
    if (t < ZERO) | (most < t):
        return MISS
    rx, ry = shapes[e + 2] - x1, shapes[e + 3] - y1
    along = (((px + t * dx) - x1) * rx + ((py + t * dy) - y1) * ry) / shapes[e + at.SQUARE]
    return MISS if (along < ZERO) | (along > ONE) else t


@routine
def polygon_hit(shapes, e, corners, px, py, dx, dy, most):
    """Fraction of the ray at which it enters the polygon, MISS if it does not."""
    lower, upper, face = ZERO, most, NONE
    for i in range(corners):
        nx, ny = shapes[e + at.SHAPE_NORMAL + 2 * i], shapes[e + at.SHAPE_NORMAL + 2 * i + 1]
        over = nx * (shapes[e + 2 * i] - px) + ny * (shapes[e + 2 * i + 1] - py)
        below = nx * dx + ny * dy
        if below == ZERO:
            if over < ZERO:
                return MISS
        elif (below < ZERO) & (over < lower * below):
            lower, face = over / below, i
        elif (below > ZERO) & (over < upper * below):
            upper = over / below
        if upper < lower:
            return MISS
    return lower if face > NONE else MISS


@routine
def cast(shapes, corners, low, high, px, py, dx, dy, most):
    """Fraction of the ray at the nearest hit among the shapes [low, high), or `most`."""
    for shape in range(low, high):
        e = shape * at.SHAPE_SIZE
        if shapes[e + at.REACH_LEFT] > px + most * dx:
            break
        # The fat box is 0.1 m wider than the shape, so rounding cannot cause a shape to be skipped.
        steep = (shapes[e + at.SHAPE_FAT] > px + most * dx) | (shapes[e + at.SHAPE_FAT + 2] < px)
        if (
            steep
            | (shapes[e + at.SHAPE_FAT + 1] > py)
            | (shapes[e + at.SHAPE_FAT + 3] < py + most * dy)
        ):
            continue
        if corners[shape] == EDGE:
            t = edge_hit(shapes, e, px, py, dx, dy, most)
        else:
            t = polygon_hit(shapes, e, np.int64(corners[shape]), px, py, dx, dy, most)
        most = minimum(most, t)
    return most


@routine
def scan(f, fo, shapes, corners, first, polygons, edges):
    """The ten fractions of one walker, at LIDAR in its block."""
    px, py = f[fo + at.PX], f[fo + at.PY]
    low = first_reaching(shapes, first, first + polygons, px)
    ground = first_reaching(shapes, first + polygons, first + polygons + edges, px)
    for ray in range(np.int64(RAYS)):
        dx = np.float32(np.float64(px) + RAY_X[ray]) - px
        dy = np.float32(np.float64(py) + RAY_Y[ray]) - py
        share = cast(shapes, corners, ground, first + polygons + edges, px, py, dx, dy, ONE)
        f[fo + at.LIDAR + ray] = cast(shapes, corners, low, first + polygons, px, py, dx, dy, share)
