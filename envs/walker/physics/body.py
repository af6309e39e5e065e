"""The walker's five bodies and four joints: shapes, masses and anchors, in Box2D's arithmetic.

Bodies in the order of creation: hull, leg 0, lower leg 0, leg 1, lower leg 1; joints: hip 0, knee
0, hip 1, knee 1. Sizes are those of Gymnasium's BipedalWalker (Oleg Klimov). Corners are ordered as
by b2PolygonShape::Set (polygon.py), masses follow b2PolygonShape::ComputeMass and
b2Body::ResetMassData. A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an
altered version.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .polygon import SMALLEST, area, centroid, interpreted, normals, wrap
from .settings import F

BODIES, JOINTS, CORNERS = 5, 4, 5
SCALE = 30.0  # Gymnasium's pixels a metre
LEG_DOWN = -8 / SCALE  # [m]
LEG_WIDTH, LEG_HEIGHT = 8 / SCALE, 34 / SCALE  # [m]
TERRAIN_STEP = 14 / SCALE  # [m]
START = (TERRAIN_STEP * 20 / 2, 400 / SCALE / 4 + 2 * LEG_HEIGHT)  # where the hull begins [m]
HULL_CORNERS = np.array([(-30, 9), (6, 9), (34, 1), (34, -8), (-30, -8)]) / SCALE  # [m], hull frame
GROUND_FRICTION = F(2.5)


@dataclass(frozen=True)
class Polygon:
    """A convex polygon in Box2D's form, float32. corners [m], normals: [k, 2],
    counter-clockwise.
    """

    corners: np.ndarray
    normals: np.ndarray
    centroid: np.ndarray


def _cross(a: np.ndarray, b: np.ndarray) -> np.float32:
    return a[0] * b[1] - a[1] * b[0]


def _dot(a: np.ndarray, b: np.ndarray) -> np.float32:
    return a[0] * b[0] + a[1] * b[1]


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


def mass(shape: Polygon, density: np.float32) -> tuple[np.float32, np.float32, np.ndarray]:
    """(1 / mass, 1 / inertia about the centre of mass, centre of mass [2] [m]) of a body of one
    polygon.
    """
    inverse = F(1.0) / F(len(shape.corners))
    origin = np.zeros(2, np.float32)
    for corner in shape.corners:
        origin = origin + corner
    origin = origin * inverse
    center, area, inertia, third = np.zeros(2, np.float32), F(0.0), F(0.0), F(1.0) / F(3.0)
    for a, b in zip(shape.corners, np.roll(shape.corners, -1, axis=0), strict=True):
        e, g = a - origin, b - origin
        det = _cross(e, g)
        triangle = F(0.5) * det
        area += triangle
        center = center + (triangle * third) * (e + g)
        second = (e * e + g * e) + g * g
        inertia += (F(0.25) * third * det) * (second[0] + second[1])
    total = density * area
    center = center * (F(1.0) / area)
    offset = center + origin
    inertia = density * inertia + total * (_dot(offset, offset) - _dot(center, center))
    local = (total * offset) * (F(1.0) / total)
    inertia = inertia - total * _dot(local, local)
    return F(1.0) / total, F(1.0) / inertia, local


HULL = polygon(HULL_CORNERS)
LEG = box(LEG_WIDTH / 2, LEG_HEIGHT / 2)
LOWER = box(0.8 * LEG_WIDTH / 2, LEG_HEIGHT / 2)
SHAPES = (HULL, LEG, LOWER, LEG, LOWER)
_FIVE = (5.0, 1.0, 1.0, 1.0, 1.0)  # densities [kg/m2]
_MASSES = [mass(shape, F(density)) for shape, density in zip(SHAPES, _FIVE, strict=True)]

COUNT = np.array([len(shape.corners) for shape in SHAPES], np.int64)  # corners a body
VERTEX = np.zeros((BODIES, CORNERS, 2), np.float32)  # [m], body frame
NORMAL = np.zeros((BODIES, CORNERS, 2), np.float32)
for _i, _shape in enumerate(SHAPES):
    VERTEX[_i, : COUNT[_i]] = _shape.corners
    NORMAL[_i, : COUNT[_i]] = _shape.normals
CENTROID = np.stack([shape.centroid for shape in SHAPES])
INVERSE_MASS = np.array([m[0] for m in _MASSES], np.float32)
INVERSE_INERTIA = np.array([m[1] for m in _MASSES], np.float32)
CENTER = np.stack([m[2] for m in _MASSES])  # centre of mass [m], body frame
_FRICTION = np.array([0.1, 0.2, 0.2, 0.2, 0.2], np.float32)  # 0.2 is Box2D's default
FRICTION = np.sqrt(GROUND_FRICTION * _FRICTION)

JOINT_A = np.array([0, 1, 0, 3], np.int64)
JOINT_B = np.array([1, 2, 3, 4], np.int64)
_ANCHOR_A = np.array([(0, LEG_DOWN), (0, -LEG_HEIGHT / 2)] * 2, np.float32)
_ANCHOR_B = np.array([(0, LEG_HEIGHT / 2)] * 4, np.float32)
ANCHOR_A = _ANCHOR_A - CENTER[JOINT_A]  # from the centre of mass [m], body frame
ANCHOR_B = _ANCHOR_B - CENTER[JOINT_B]
START_ANGLE = np.array([0.0, -0.05, -0.05, 0.05, 0.05], np.float32)  # [rad]
# set implicitly by pybox2d's revoluteJointDef
REFERENCE = START_ANGLE[JOINT_B] - START_ANGLE[JOINT_A]
LOWER_LIMIT = np.array([-0.8, -1.6, -0.8, -1.6], np.float32)  # [rad]
UPPER_LIMIT = np.array([1.1, -0.1, 1.1, -0.1], np.float32)
_LEG_Y = START[1] - LEG_HEIGHT / 2 - LEG_DOWN
_LOWER_Y = START[1] - LEG_HEIGHT * 3 / 2 - LEG_DOWN
START_POSITION = np.array(
    [START, (START[0], _LEG_Y), (START[0], _LOWER_Y), (START[0], _LEG_Y), (START[0], _LOWER_Y)],
    np.float32,
)  # of the bodies' origins [m]
MOTOR_SPEED = np.array([4, 6, 4, 6], np.float32)  # [rad/s]
MOTOR_TORQUE = F(80.0)  # [N m]
