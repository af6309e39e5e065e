"""A track in the form used by broad phase and narrow phase: polygons, then edges, in order of
creation.

In a new world Box2D's proxy ids follow the order of creation, which determines the age of contacts.
The kernel that makes single shapes is in shapes.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import state as at
from .body import TERRAIN_STEP, no_area
from .jit import compile_all
from .shapes import EDGE, POLYGON, SHAPES

if TYPE_CHECKING:
    from ..track import Track


def shapes(track: Track) -> tuple[np.ndarray, np.ndarray]:
    """Shapes of a track: float32 [shapes, SHAPE_SIZE] with the fields of state.py, and the number
    of corners of each, [shapes] int32.
    """
    count = shapes_of(track)
    rows, corners = np.zeros((count, int(at.SHAPE_SIZE)), np.float32), np.zeros(count, np.int32)
    write_shapes(track, rows, corners)
    return rows, corners


def shapes_of(track: Track) -> int:
    """Number of shapes of a track."""
    return len(track.polygons) + len(track.ground) - 1


def write_shapes(track: Track, rows: np.ndarray, corners: np.ndarray) -> None:
    """Write `shapes(track)` to these arrays. ValueError if Box2D would reject a polygon or an
    edge.
    """
    if SHAPES.compiled is None:
        compile_all([SHAPES], None)
    ground = np.ascontiguousarray(track.ground, np.float32)
    polygons = np.ascontiguousarray(track.polygons, np.float32)
    hull, fault = np.empty(4, np.int64), np.zeros(2, np.int64)
    SHAPES(ground, polygons, rows, corners, hull, fault)
    if fault[0] == POLYGON:
        raise ValueError(f"polygon {fault[1]} of the track: {no_area(polygons[fault[1]])}")
    if fault[0] == EDGE:
        lengths = np.square(np.diff(ground, axis=0)).sum(1)
        raise ValueError(
            f"ground points must differ from their neighbours, points {int(np.argmin(lengths))} "
            "and on do not"
        )


def far_end(track: Track) -> float:
    """Position of the far end [m]: ten tiles before the last tile, for 200 tiles in Gymnasium's
    arithmetic.
    """
    tiles = round(float(track.ground[:, 0].max()) / TERRAIN_STEP) + 1
    return (tiles - 10) * TERRAIN_STEP


class Terrains:
    """The distinct tracks of a batch, in the arrays that kernels read.

    A track object is stored once for all its walkers; its place is reused when it has none.
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
        self.free: list[int] = []  # places without a track, the one to be used next at the end
        self.users: list[int] = []

    def add(self, track: Track) -> int:
        """The place of a track, which has one user more."""
        place = self.places.get(track)
        if place is None:
            count = shapes_of(track)
            place = self._free_place(count)
            write_shapes(track, self.shapes[place, :count], self.corners[place, :count])
            self.free.pop()
            self.table[place] = place * self.capacity, len(track.polygons), len(track.ground) - 1
            self.pushes[place], self.ends[place] = track.push, far_end(track)
            self.places[track], self.tracks[place] = place, track
        self.users[place] += 1
        return place

    def release(self, place: int) -> None:
        """Remove one user; a track without users is removed."""
        self.users[place] -= 1
        track = self.tracks[place]
        if self.users[place] == 0 and track is not None:
            del self.places[track]
            self.tracks[place] = None
            self.free.append(place)

    def exchange(self, place: int, track: Track) -> int:
        """The place of a track for the user of `place`, which is released if it is another."""
        if self.tracks[place] is track:
            return place
        found = self.add(track)
        self.release(place)
        return found

    def _free_place(self, count: int) -> int:
        if count > self.capacity:
            self._grow(len(self.tracks), count + count // 4)
        if not self.free:
            held, more = len(self.tracks), max(1, len(self.tracks))
            self._grow(held + more, self.capacity)
            self.tracks += [None] * more
            self.users += [0] * more
            self.free += range(held + more - 1, held - 1, -1)
        return self.free[-1]

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
