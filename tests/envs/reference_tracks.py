"""Tracks and shapes of the walker in plain NumPy and Python: the reference that the compiled code
must equal bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openpoet.envs.walker.physics import state as at
from openpoet.envs.walker.physics.settings import AABB_EXTENSION, POLYGON_RADIUS, F
from openpoet.envs.walker.poet_layout import BASE, LARGEST_PUSH, SCALE, START_PAD, TILE
from openpoet.envs.walker.track import Track

LENGTH, GRASS_RUN = 200, 10  # [tiles]
GRASS, STUMP, STAIRS, PIT = range(4)
WIDTH, HEIGHT = 600, 400  # width of the picture, for the clouds [px]

Corners = list[tuple[float, float]]


def track(rng: np.random.Generator, hardcore: bool) -> Track:
    """The track of Gymnasium's reset with this generator, which ends in the same state as there."""
    ground, blocks = _terrain(rng, hardcore)
    _clouds(rng)
    push = float(rng.uniform(-LARGEST_PUSH, LARGEST_PUSH))
    polygons = np.array(blocks, np.float32).reshape(-1, 4, 2)
    return Track(np.array(ground, np.float32), polygons, push)


def _terrain(rng: np.random.Generator, hardcore: bool) -> tuple[Corners, list[Corners]]:
    """Ground vertices, and the obstacles in order of creation."""
    state, velocity, y, counter, first = GRASS, 0.0, BASE, START_PAD, False
    ground: Corners = []
    blocks: list[Corners] = []
    # height before it; of stairs: direction, width, steps
    segment: tuple[float, int, int, int] = (y, 0, 0, 0)
    for i in range(LENGTH):
        x = i * TILE
        if state == GRASS and not first:
            velocity = 0.8 * velocity + 0.01 * np.sign(BASE - y)
            if i > START_PAD:
                velocity += rng.uniform(-1, 1) / SCALE
            y += velocity
        elif state == PIT and first:
            counter = int(rng.integers(3, 5))
            wall = [(x, y), (x + TILE, y), (x + TILE, y - 4 * TILE), (x, y - 4 * TILE)]
            blocks += [wall, [(corner[0] + TILE * counter, corner[1]) for corner in wall]]
            counter += 2
            segment = (y, 0, 0, 0)
        elif state == PIT:
            y = segment[0] - (4 * TILE if counter > 1 else 0)
        elif state == STUMP and first:
            counter = int(rng.integers(1, 3))
            side = counter * TILE
            blocks.append([(x, y), (x + side, y), (x + side, y + side), (x, y + side)])
        elif state == STAIRS and first:
            up = +1 if rng.random() > 0.5 else -1
            segment = (y, up, int(rng.integers(4, 5)), int(rng.integers(3, 5)))
            blocks += _steps(x, segment)
            counter = segment[3] * segment[2]
        elif state == STAIRS:
            height, up, width, steps = segment
            done = steps * width - counter - up
            y = height + (done / width * up) * TILE
        first = False
        ground.append((x, y))
        counter -= 1
        if counter == 0:
            counter = int(rng.integers(GRASS_RUN // 2, GRASS_RUN))
            state = int(rng.integers(1, 4)) if state == GRASS and hardcore else GRASS
            first = True
    return ground, blocks


def _steps(x: float, segment: tuple[float, int, int, int]) -> list[Corners]:
    y, up, width, steps = segment
    return [
        [
            (x + (s * width) * TILE, y + (s * up) * TILE),
            (x + ((1 + s) * width) * TILE, y + (s * up) * TILE),
            (x + ((1 + s) * width) * TILE, y + (-1 + s * up) * TILE),
            (x + (s * width) * TILE, y + (-1 + s * up) * TILE),
        ]
        for s in range(steps)
    ]


def _clouds(rng: np.random.Generator) -> None:
    """Ten clouds of five corners: the draws alone."""
    for _ in range(LENGTH // 20):
        rng.uniform(0, LENGTH)
        for _ in range(5):
            rng.uniform(0, 5 * TILE)
            rng.uniform(0, 5 * TILE)


@dataclass(frozen=True)
class Polygon:
    """A convex polygon as Box2D keeps it; all float32. corners, normals: [k, 2] [m],
    counter-clockwise.
    """

    corners: np.ndarray
    normals: np.ndarray
    centroid: np.ndarray


def _cross(a: np.ndarray, b: np.ndarray) -> np.float32:
    return a[0] * b[1] - a[1] * b[0]


def _dot(a: np.ndarray, b: np.ndarray) -> np.float32:
    return a[0] * b[0] + a[1] * b[1]


def _wrap(points: np.ndarray) -> list[int]:
    """Indices of the convex hull, from the rightmost (then lowest) point on, counter-clockwise."""
    first = 0
    for i in range(1, len(points)):
        right = points[i, 0] > points[first, 0]
        if right or (points[i, 0] == points[first, 0] and points[i, 1] < points[first, 1]):
            first = i
    hull = [first]
    while True:
        best = 0
        for j in range(1, len(points)):
            if best == hull[-1]:
                best = j
                continue
            r, v = points[best] - points[hull[-1]], points[j] - points[hull[-1]]
            turn = _cross(r, v)
            if turn < 0 or (turn == 0 and _dot(v, v) > _dot(r, r)):
                best = j
        if best == first or len(hull) == len(points):
            return hull
        hull.append(best)


def _centroid(corners: np.ndarray) -> np.ndarray:
    center, area = np.zeros(2, np.float32), F(0.0)
    third = F(1.0) / F(3.0)
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        triangle = F(0.5) * _cross(a, b)
        area += triangle
        center = center + (triangle * third) * (a + b)
    return center * (F(1.0) / area)


def polygon(points: np.ndarray) -> Polygon:
    """The polygon that Box2D makes of `points` [k, 2] [m]. ValueError if they enclose no area."""
    points = np.asarray(points, np.float32)
    corners = points[_wrap(points)]
    edges = np.roll(corners, -1, axis=0) - corners
    sizes = np.sqrt(edges[:, 0] * edges[:, 0] + edges[:, 1] * edges[:, 1])
    x, y = points[:, 0].astype(float), points[:, 1].astype(float)
    area = 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
    if len(corners) < 3 or not (sizes > 1e-6).all() or not area > 1e-6:
        raise ValueError(
            "a polygon of a track must enclose an area above 1e-6 m2, got corners "
            f"{points.tolist()}"
        )
    inverse = (F(1.0) / sizes)[:, None]
    normals = np.stack([edges[:, 1], -edges[:, 0]], axis=1) * inverse
    return Polygon(corners, normals, _centroid(corners))


def _polygons(track: Track) -> tuple[np.ndarray, np.ndarray]:
    rows = np.zeros((len(track.polygons), int(at.SHAPE_SIZE)), np.float32)
    corners = np.zeros(len(track.polygons), np.int32)
    for i, points in enumerate(track.polygons):
        try:
            shape = polygon(points)
        except ValueError as error:
            raise ValueError(f"polygon {i} of the track: {error}") from error
        k = corners[i] = len(shape.corners)
        rows[i, : 2 * k] = shape.corners.ravel()
        rows[i, at.SHAPE_NORMAL : at.SHAPE_NORMAL + 2 * k] = shape.normals.ravel()
        rows[i, at.SHAPE_CENTROID : at.SHAPE_CENTROID + 2] = shape.centroid
        _boxes(rows[i : i + 1], shape.corners.min(0)[None], shape.corners.max(0)[None])
    return rows, corners


def _edges(track: Track) -> tuple[np.ndarray, np.ndarray]:
    ground = np.asarray(track.ground, np.float32)
    a, b = ground[:-1], ground[1:]
    edge = b - a
    square = edge[:, 0] * edge[:, 0] + edge[:, 1] * edge[:, 1]
    if not (square > 1e-12).all():
        raise ValueError(
            f"ground points must differ from their neighbours, points {int(np.argmin(square))} and "
            "on do not"
        )
    inverse = np.float32(1.0) / np.sqrt(square)
    rows = np.zeros((len(a), int(at.SHAPE_SIZE)), np.float32)
    rows[:, 0:2], rows[:, 2:4] = a, b
    rows[:, at.SHAPE_NORMAL] = edge[:, 1] * inverse
    rows[:, at.SHAPE_NORMAL + 1] = -edge[:, 0] * inverse
    rows[:, at.SQUARE] = square
    _boxes(rows, np.minimum(a, b), np.maximum(a, b))
    return rows, np.full(len(a), 2, np.int32)


def _boxes(rows: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
    tight = np.concatenate([lower - POLYGON_RADIUS, upper + POLYGON_RADIUS], axis=1)
    rows[:, at.SHAPE_TIGHT : at.SHAPE_TIGHT + 4] = tight
    rows[:, at.SHAPE_FAT : at.SHAPE_FAT + 2] = tight[:, :2] - AABB_EXTENSION
    rows[:, at.SHAPE_FAT + 2 : at.SHAPE_FAT + 4] = tight[:, 2:] + AABB_EXTENSION


def shapes(track: Track) -> tuple[np.ndarray, np.ndarray]:
    """Shapes of a track: float32 [shapes, SHAPE_SIZE] as named in state.py, and corners a shape,
    [shapes] int32.
    """
    parts = [_polygons(track), _edges(track)]
    for rows, _ in parts:
        rows[:, at.REACH_RIGHT] = np.maximum.accumulate(rows[:, at.SHAPE_FAT + 2])
        rows[:, at.REACH_LEFT] = np.minimum.accumulate(rows[::-1, at.SHAPE_FAT])[::-1]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def area(corners: Corners) -> float:
    """Of poet_layout's blocks."""
    points = np.array(corners[1:] + corners[:1], np.float32)
    x, y, next_x, next_y = *points.T, *np.roll(points, -1, axis=0).T
    total = np.float32(0.0)
    for triangle in np.float32(0.5) * (x * next_y - y * next_x):
        total += triangle
    return float(total)
