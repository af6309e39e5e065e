"""The walker's five bodies and four joints, as far as they are the same for all walkers: the hull's
shape, counts of corners, normals, joints, angles. bodies.py has what varies.

Bodies in the order of creation: hull, leg 0, lower leg 0, leg 1, lower leg 1; joints: hip 0, knee
0, hip 1, knee 1. Sizes are those of Gymnasium's BipedalWalker (Oleg Klimov). Corners are ordered as
by b2PolygonShape::Set (polygon.py). A port of Box2D 2.3's algorithms (Erin Catto, zlib licence),
written anew: an altered version.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .polygon import SMALLEST, area, centroid, interpreted, normals, wrap
from .settings import F

BODIES, JOINTS, CORNERS = 5, 4, 5
SCALE = 30.0  # Gymnasium's pixels a metre
LEG_DOWN = -8 / SCALE  # of the hips, hull frame [m]
TERRAIN_STEP = 14 / SCALE  # [m]
START_X, START_GROUND = TERRAIN_STEP * 20 / 2, 400 / SCALE / 4  # where walkers begin [m]
HULL_CORNERS = np.array([(-30, 9), (6, 9), (34, 1), (34, -8), (-30, -8)]) / SCALE  # [m], hull frame


@dataclass(frozen=True)
class Polygon:
    """A convex polygon in Box2D's form, float32. corners [m], normals: [k, 2],
    counter-clockwise.
    """

    corners: np.ndarray
    normals: np.ndarray
    centroid: np.ndarray


def polygon(points: np.ndarray) -> Polygon:
    """The polygon that Box2D makes from `points` [k, 2] [m]. ValueError if they enclose no area.

    In plain Python, since it is needed before compilation; shapes.py has the compiled version.
    """
    points = np.asarray(points, np.float32)
    hull = np.zeros(len(points), np.int64)
    n = interpreted(wrap)(points, hull)
    corners, sides = points[hull[:n]], np.zeros((n, 2), np.float32)
    proper = interpreted(normals)(corners.ravel(), n, sides.ravel())
    if not (proper and interpreted(area)(points) > SMALLEST):
        raise no_area(points)
    return Polygon(corners, sides, np.array(interpreted(centroid)(corners.ravel(), n), np.float32))


def no_area(points: np.ndarray) -> ValueError:
    """The error for a polygon [k, 2] that Box2D would reject."""
    return ValueError(
        f"a polygon of a track must enclose an area above 1e-6 m2, got corners {points.tolist()}"
    )


def box(half_width: float, half_height: float) -> Polygon:
    """b2PolygonShape::SetAsBox: corners from the lower left."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * np.array(
        [half_width, half_height], F
    )
    return Polygon(
        corners, np.array([[0, -1], [1, 0], [0, 1], [-1, 0]], np.float32), np.zeros(2, np.float32)
    )


HULL = polygon(HULL_CORNERS)
_LEG = box(0.5, 0.5)  # of any size; it has the normals and the centroid of all boxes
SHAPES = (HULL, _LEG, _LEG, _LEG, _LEG)
COUNT = np.array([len(shape.corners) for shape in SHAPES], np.int64)  # corners a body
NORMAL = np.zeros((BODIES, CORNERS, 2), np.float32)
for _i, _shape in enumerate(SHAPES):
    NORMAL[_i, : COUNT[_i]] = _shape.normals
CENTROID = np.stack([shape.centroid for shape in SHAPES])

JOINT_A = np.array([0, 1, 0, 3], np.int64)
JOINT_B = np.array([1, 2, 3, 4], np.int64)
START_ANGLE = np.array([0.0, -0.05, -0.05, 0.05, 0.05], np.float32)  # [rad]
# set implicitly by pybox2d's revoluteJointDef
REFERENCE = START_ANGLE[JOINT_B] - START_ANGLE[JOINT_A]
LOWER_LIMIT = np.array([-0.8, -1.6, -0.8, -1.6], np.float32)  # [rad]
UPPER_LIMIT = np.array([1.1, -0.1, 1.1, -0.1], np.float32)
