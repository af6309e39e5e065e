"""Outlines of tasks as whole numbers: full for replays, simplified for thumbnails.

A family gives layers of polylines in metres (docs/replay.md). A page receives multiples of a
`scale` in metres, which is one for a run, so that they take few bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

Outline: TypeAlias = Mapping[str, Sequence[np.ndarray]]  # layers of polylines [points, 2] [m]
Lines: TypeAlias = dict[str, list[list[int]]]  # layers of x0, y0, x1, y1, ... [scale m]

STEPS = 2000  # the largest extent of a world in units of the scale, at least
TOLERANCE = 1 / 300  # of the extent: by how much a thumbnail may differ
MOST_LAYERS, MOST_LINES, MOST_POINTS = 20, 200, 4000  # of one outline
FEW = 6  # points of a line that is not simplified, such as an obstacle
FARTHEST = 10**9  # units; numbers beyond are clipped


def extent(outline: Outline) -> float:
    """The larger of width and height [m] of all layers but the rays; 1 if they are empty."""
    points = [
        np.asarray(line, np.float64)
        for layer, lines in outline.items()
        if layer != "ray"
        for line in lines
        if len(line)
    ]
    if not points:
        return 1.0
    everything = np.concatenate(points)
    size = float(np.max(np.ptp(everything, axis=0)))
    return size if math.isfinite(size) and size > 0 else 1.0


def scale_of(outline: Outline) -> float:
    """The unit [m] in which worlds of this size are given: a power of ten."""
    return float(10.0 ** math.floor(math.log10(extent(outline) / STEPS)))


def whole(points: np.ndarray, scale: float) -> list[int]:
    """Points [n, 2] [m] as x0, y0, x1, y1, ... in units of the scale."""
    units = np.nan_to_num(np.asarray(points, np.float64) / scale)
    cells: list[int] = np.rint(units.clip(-FARTHEST, FARTHEST)).astype(np.int64).ravel().tolist()
    return cells


def lines_of(outline: Outline, scale: float, *, simplified: bool = False) -> Lines:
    """The outline in units of the scale, within the limits of this module."""
    tolerance = TOLERANCE * extent(outline) if simplified else 0.0
    left, found = MOST_POINTS, {}
    for layer, lines in [*outline.items()][:MOST_LAYERS]:
        kept = []
        for line in lines[:MOST_LINES]:
            points = np.asarray(line, np.float64)
            if simplified and len(points) > FEW:
                points = simplify(points, tolerance)
            points = points[:left]
            left -= len(points)
            if len(points):
                kept.append(whole(points, scale))
        if not (simplified and layer == "ray"):
            found[layer[:40]] = kept
    return found


def simplify(points: np.ndarray, tolerance: float) -> np.ndarray:
    """The polyline [n, 2] without points that are within `tolerance` of it without them.

    Douglas and Peucker 1973.
    """
    if len(points) < 3 or not np.isfinite(points).all():
        return points
    keep = np.zeros(len(points), bool)
    keep[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        far = _distances(points[first + 1 : last], points[first], points[last])
        most = int(np.argmax(far))
        if far[most] > tolerance:
            middle = first + 1 + most
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return points[keep]


def _distances(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Distances [n] of points [n, 2] from the segment between start and end."""
    along = end - start
    length = float(along @ along)
    if length == 0.0:
        return np.asarray(np.hypot(*(points - start).T))
    share = ((points - start) @ along / length).clip(0, 1)
    return np.asarray(np.hypot(*(points - start - share[:, None] * along).T))
