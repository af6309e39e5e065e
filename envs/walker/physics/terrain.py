"""A track as the broad phase and the narrow phase see it: polygons first, then edges, in order of creation.

In a world made anew Box2D's proxy ids follow the order of creation, and that order settles which contact is older.
Ranges of shapes are found by binary search: REACH_RIGHT is the running maximum of the boxes' right sides, REACH_LEFT
the running minimum, from the right, of their left sides. Both grow along the track whatever its shape, so that every
shape overlapping [a, b] lies between the first REACH_RIGHT >= a and the last REACH_LEFT <= b.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from . import state as at
from .body import TERRAIN_STEP, polygon
from .settings import AABB_EXTENSION, POLYGON_RADIUS

if TYPE_CHECKING:
    from ..track import Track


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
            f"ground points must differ from their neighbours, points {int(np.argmin(square))} and on do not"
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


@lru_cache(maxsize=512)  # every batch asks anew, and a track with obstacles takes 3 ms
def shapes(track: Track) -> tuple[np.ndarray, np.ndarray]:
    """Shapes of a track: float32 [shapes, SHAPE_SIZE] as named in state.py, and corners a shape, [shapes] int32."""
    parts = [_polygons(track), _edges(track)]
    for rows, _ in parts:
        rows[:, at.REACH_RIGHT] = np.maximum.accumulate(rows[:, at.SHAPE_FAT + 2])
        rows[:, at.REACH_LEFT] = np.minimum.accumulate(rows[::-1, at.SHAPE_FAT])[::-1]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def far_end(track: Track) -> float:
    """Where a walker has finished [m]: ten tiles before the last tile, for 200 tiles as Gymnasium computes it."""
    tiles = round(float(track.ground[:, 0].max()) / TERRAIN_STEP) + 1
    return (tiles - 10) * TERRAIN_STEP


class Terrains:
    """The distinct tracks of a batch, side by side in the arrays that kernels read.

    A track object is stored once, whatever the number of walkers on it; a place is used again when nobody is on it.
    """

    def __init__(self) -> None:
        self.capacity = 0  # shapes a track
        self.shapes = np.zeros((0, 0, int(at.SHAPE_SIZE)), np.float32)
        self.corners = np.zeros((0, 0), np.int32)
        self.table = np.zeros((0, 3), np.int64)  # first shape, polygons, edges
        self.pushes = np.zeros(0)  # [N]
        self.ends = np.zeros(0)  # [m]
        self.places: dict[Track, int] = {}  # by identity, but no id(): copies have others
        self.tracks: list[Track | None] = []
        self.users: list[int] = []

    def add(self, track: Track) -> int:
        """The place of a track, which has one user more."""
        place = self.places.get(track)
        if place is None:
            rows, corners = shapes(track)
            place = self._free_place(len(rows))
            self.shapes[place, : len(rows)], self.corners[place, : len(rows)] = rows, corners
            self.table[place] = place * self.capacity, len(track.polygons), len(track.ground) - 1
            self.pushes[place], self.ends[place] = track.push, far_end(track)
            self.places[track], self.tracks[place] = place, track
        self.users[place] += 1
        return place

    def release(self, place: int) -> None:
        """One user less; a track with none is forgotten."""
        self.users[place] -= 1
        track = self.tracks[place]
        if self.users[place] == 0 and track is not None:
            del self.places[track]
            self.tracks[place] = None

    def _free_place(self, count: int) -> int:
        if count > self.capacity:
            self._grow(len(self.tracks), count + count // 4)
        if None not in self.tracks:
            more = max(1, len(self.tracks))
            self._grow(len(self.tracks) + more, self.capacity)
            self.tracks += [None] * more
            self.users += [0] * more
        return self.tracks.index(None)

    def _grow(self, places: int, capacity: int) -> None:
        old, held = len(self.tracks), self.capacity
        bigger = np.zeros((places, capacity, int(at.SHAPE_SIZE)), np.float32)
        bigger[:old, :held] = self.shapes[:old]
        more = np.zeros((places, capacity), np.int32)
        more[:old, :held] = self.corners[:old]
        table = np.zeros((places, 3), np.int64)
        table[:old] = self.table[:old]
        table[:, 0] = np.arange(places) * capacity
        self.pushes, self.ends = np.resize(self.pushes, places), np.resize(self.ends, places)
        self.shapes, self.corners, self.table, self.capacity = bigger, more, table, capacity
