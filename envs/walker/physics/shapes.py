"""The kernel that makes a track's shapes: polygons, then edges, as rows with the fields of
state.py.

Shapes in an interval are found by binary search: REACH_RIGHT is the running maximum of the boxes'
right sides, REACH_LEFT the running minimum, from the right, of their left sides. Both are monotone
for any track, so every shape that overlaps [a, b] is between the first with REACH_RIGHT >= a and
the last with REACH_LEFT <= b.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float32, int32, int64, void

from . import polygon
from . import state as at
from .jit import Kernel, routine
from .math import ONE, maximum, minimum
from .settings import AABB_EXTENSION, POLYGON_RADIUS

SHORTEST_SQUARE = np.float32(1e-12)  # of an edge [m2]
CORNERS, TWO = np.int32(4), np.int32(2)
POLYGON, EDGE = np.int64(1), np.int64(2)  # faults of a track


@routine
def set_boxes(row, k):
    """The box with the skin and the fat box around the k corners of a shape."""
    lx, ly = row[0], row[1]
    ux, uy = lx, ly
    for i in range(1, k):
        lx, ly = minimum(row[2 * i], lx), minimum(row[2 * i + 1], ly)
        ux, uy = maximum(row[2 * i], ux), maximum(row[2 * i + 1], uy)
    tight, fat = at.SHAPE_TIGHT, at.SHAPE_FAT
    row[tight], row[tight + 1] = lx - POLYGON_RADIUS, ly - POLYGON_RADIUS
    row[tight + 2], row[tight + 3] = ux + POLYGON_RADIUS, uy + POLYGON_RADIUS
    row[fat], row[fat + 1] = row[tight] - AABB_EXTENSION, row[tight + 1] - AABB_EXTENSION
    row[fat + 2], row[fat + 3] = row[tight + 2] + AABB_EXTENSION, row[tight + 3] + AABB_EXTENSION


@routine
def set_polygon(row, points, hull):
    """One polygon of four points: its number of corners; 0 if it encloses no area."""
    n = polygon.wrap(points, hull)
    for i in range(n):
        row[2 * i], row[2 * i + 1] = points[hull[i], 0], points[hull[i], 1]
    if not (
        polygon.normals(row, n, row[at.SHAPE_NORMAL :]) and polygon.area(points) > polygon.SMALLEST
    ):
        return 0
    row[at.SHAPE_CENTROID], row[at.SHAPE_CENTROID + 1] = polygon.centroid(row, n)
    set_boxes(row, n)
    return n


@routine
def set_edge(row, ground, i):
    """The edge from point i to the next; False if they are the same."""
    row[0], row[1], row[2], row[3] = ground[i, 0], ground[i, 1], ground[i + 1, 0], ground[i + 1, 1]
    ex, ey = row[2] - row[0], row[3] - row[1]
    square = ex * ex + ey * ey
    if not square > SHORTEST_SQUARE:
        return False
    inverse = ONE / np.float32(math.sqrt(square))
    row[at.SHAPE_NORMAL], row[at.SHAPE_NORMAL + 1] = ey * inverse, -ex * inverse
    row[at.SQUARE] = square
    set_boxes(row, 2)
    return True


@routine
def set_reaches(rows, begin, end):
    """The running bounds of the shapes in [begin, end)."""
    for i in range(begin, end):
        reach = rows[i, at.SHAPE_FAT + 2]
        rows[i, at.REACH_RIGHT] = (
            maximum(rows[i - 1, at.REACH_RIGHT], reach) if i > begin else reach
        )
    for i in range(end - 1, begin - 1, -1):
        reach = rows[i, at.SHAPE_FAT]
        rows[i, at.REACH_LEFT] = (
            minimum(rows[i + 1, at.REACH_LEFT], reach) if i < end - 1 else reach
        )


def set_shapes(ground, polygons, rows, corners, hull, fault):
    """Kernel: all shapes of a track. rows [shapes, SHAPE_SIZE], corners [shapes]; hull: scratch
    [4].

    fault: [2], the fault of the track, 0 for none, and the index of the polygon.
    """
    rows[:] = 0.0
    fault[0] = 0
    first, edges = len(polygons), len(ground) - 1
    for i in range(first):
        corners[i] = set_polygon(rows[i], polygons[i], hull)
        if corners[i] == 0:
            fault[0], fault[1] = POLYGON, i
            return
    for i in range(edges):
        corners[first + i] = TWO
        if not set_edge(rows[first + i], ground, i):
            fault[0] = EDGE
            return
    set_reaches(rows, 0, first)
    set_reaches(rows, first, first + edges)


SHAPES = Kernel(
    "shapes of a track",
    void(float32[:, ::1], float32[:, :, ::1], float32[:, ::1], int32[::1], int64[::1], int64[::1]),
    set_shapes,
    3,
)
