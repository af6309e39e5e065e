"""The ten lidar rays of one walker in lanes against the ground; results equal lidar.py's to the
last bit.

A ray's fraction is the smallest of its hits, independent of the order of shapes, so an edge can be
tested against all rays at once, including rays that cannot hit it. Polygons, of which few are near,
are left to lidar.py. A port of Box2D 2.3's algorithms (Erin Catto, zlib
licence), written anew: an altered version.
"""

from __future__ import annotations

import numpy as np

from . import state as at
from .broadphase import first_reaching
from .jit import routine
from .lanes import LANES, read, write
from .lidar import RANGE, RAY_X, RAY_Y, RAYS, cast
from .math import ONE, ZERO

DX, DY, SHARE = np.int64(0), np.int64(1), np.int64(2)
SPARE = int(LANES) - RAYS  # lanes without a ray repeat the last one
WIDE_X, WIDE_Y = np.pad(RAY_X, (0, SPARE), "edge"), np.pad(RAY_Y, (0, SPARE), "edge")
FARTHEST = np.float32(RANGE + 0.1)  # [m] beyond the end of every ray
FLOATS = int(3 * LANES)


@routine
def start_rays(rays, px, py, width):
    for ray in range(width):
        write(rays, DX, ray, np.float32(np.float64(px) + WIDE_X[np.uint64(ray)]) - px)
        write(rays, DY, ray, np.float32(np.float64(py) + WIDE_Y[np.uint64(ray)]) - py)
        write(rays, SHARE, ray, ONE)


@routine
def edge_hits(rays, shapes, e, px, py, width):
    """b2EdgeShape::RayCast of every ray: SHARE decreases to the fraction at which it hits."""
    x1, y1 = shapes[e], shapes[e + 1]
    nx, ny = shapes[e + at.SHAPE_NORMAL], shapes[e + at.SHAPE_NORMAL + 1]
    over, square = nx * (x1 - px) + ny * (y1 - py), shapes[e + at.SQUARE]
    rx, ry = shapes[e + 2] - x1, shapes[e + 3] - y1
    for ray in range(width):
        dx, dy, most = read(rays, DX, ray), read(rays, DY, ray), read(rays, SHARE, ray)
        below = nx * dx + ny * dy
        t = over / below
        along = (((px + t * dx) - x1) * rx + ((py + t * dy) - y1) * ry) / square
        hit = (below != ZERO) & (t >= ZERO) & (t <= most) & (along >= ZERO) & (along <= ONE)
        write(rays, SHARE, ray, t if hit else most)


@routine
def scan_together(f, fo, shapes, corners, first, polygons, edges, rays):
    """The ten fractions of one walker, at LIDAR in its block. rays: [FLOATS] scratch."""
    px, py, width = f[fo + at.PX], f[fo + at.PY], np.int64(len(rays)) // np.int64(3)
    start_rays(rays, px, py, width)
    end = first + polygons + edges
    for shape in range(first_reaching(shapes, first + polygons, end, px), end):
        e = shape * at.SHAPE_SIZE
        if shapes[e + at.REACH_LEFT] > px + FARTHEST:
            break
        if (shapes[e + at.SHAPE_FAT + 1] <= py) & (shapes[e + at.SHAPE_FAT + 3] >= py - FARTHEST):
            edge_hits(rays, shapes, e, px, py, width)
    low = first_reaching(shapes, first, first + polygons, px)
    for ray in range(np.int64(RAYS)):
        dx, dy, share = read(rays, DX, ray), read(rays, DY, ray), read(rays, SHARE, ray)
        f[fo + at.LIDAR + ray] = cast(shapes, corners, low, first + polygons, px, py, dx, dy, share)
