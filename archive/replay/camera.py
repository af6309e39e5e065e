"""The camera of a replay: the region covered by a take, and the map from metres to pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .episode import Episode, Outline

SAMPLES = 400  # frames at which the body's path is sampled; linear in between
SMOOTHING = 1.0  # [s] window over which the camera smooths the height of a bouncing body
BODIES_HIGH = 3.9  # height of the picture in body heights
LEAD = (0.14, 0.12)  # offset of the body from the middle, which shows more ahead and above
SMALL = 1 / 50  # a body smaller than this fraction of the world is a point


@dataclass(frozen=True)
class Scene:
    """Geometry of one take for the camera, computed once for all its frames."""

    take: int
    outline: Outline  # of frame 0
    low: np.ndarray  # [2] [m], lower left corner of the world and of the path
    high: np.ndarray  # [2] [m], upper right corner
    path: np.ndarray  # [frames, 2] [m], the middle of the body
    # [frames, 2] [m], the point that the camera follows: the smoothed path
    focus: np.ndarray
    extent: float  # [m], default height of the picture
    # fractions of width and height by which the body is left of and below the middle
    lead: tuple[float, float]

    def speed(self, frame: int, dt: float) -> float:
        """Speed of the body to the right, over the half second around `frame` [m/s]."""
        half = max(1, round(0.25 / dt))
        first, last = max(0, frame - half), min(len(self.path) - 1, frame + half)
        return float((self.path[last, 0] - self.path[first, 0]) / (max(1, last - first) * dt))


def scene_of(episode: Episode, take: int = 0) -> Scene:
    """Bounds, body path and default zoom of one take.

    A world that is small, seen from above, or in which the body is a point, is shown as a whole
    with a fixed camera.
    """
    count = len(episode.takes[take].frames)
    first = episode.outline(take, 0)
    low, high = bounds(first)
    samples = np.unique(np.linspace(0, count - 1, min(count, SAMPLES)).astype(int))
    middles = np.array(
        [middle(episode.outline(take, int(frame)), (low + high) / 2) for frame in samples]
    )
    frames = np.arange(count)
    path = np.stack([np.interp(frames, samples, middles[:, axis]) for axis in (0, 1)], axis=1)
    low, high = np.minimum(low, path.min(axis=0)), np.maximum(high, path.max(axis=0))
    size = np.maximum(high - low, 1e-9)
    whole = 1.2 * float(max(size[1], size[0] / 2))
    focus = np.stack([path[:, 0], _evened(path[:, 1], round(SMOOTHING / episode.dt))], axis=1)
    body = np.concatenate([np.zeros((0, 2)), *first.get("body", [])])
    across = float(np.linalg.norm(np.ptp(body, axis=0))) if len(body) else 0.0
    extent = BODIES_HIGH * across
    if across < SMALL * float(size.max()) or extent >= whole or from_above(first):
        fixed = np.broadcast_to((low + high) / 2, path.shape)
        return Scene(take, first, low, high, path, fixed, whole, (0.0, 0.0))
    return Scene(take, first, low, high, path, focus, extent, LEAD)


def alike(scenes: Sequence[Scene]) -> tuple[Scene, ...]:
    """The scenes of takes side by side. If one of several has a fixed camera, all have the same, so
    that they are drawn in one scale.
    """
    if len(scenes) == 1 or not any(scene.lead == (0.0, 0.0) for scene in scenes):
        return tuple(scenes)
    low = np.min([scene.low for scene in scenes], axis=0)
    high = np.max([scene.high for scene in scenes], axis=0)
    extent = 1.2 * float(np.max(high - low).clip(1e-9))  # fits into a square
    return tuple(
        replace(
            scene,
            low=low,
            high=high,
            focus=np.broadcast_to((low + high) / 2, scene.path.shape),
            extent=extent,
            lead=(0.0, 0.0),
        )
        for scene in scenes
    )


def from_above(outline: Outline) -> bool:
    """Whether the world is seen from above: the first line of the ground is closed, and so not a
    surface to walk on.
    """
    ground = outline.get("ground", [])
    return bool(ground) and len(ground[0]) > 3 and bool(np.array_equal(ground[0][0], ground[0][-1]))


def bounds(outline: Outline) -> tuple[np.ndarray, np.ndarray]:
    """Lower left and upper right corner [2] [m] of all layers but the rays; a unit square if they
    are empty.
    """
    points = [
        line for layer, lines in outline.items() if layer != "ray" for line in lines if len(line)
    ]
    if not points:
        return np.zeros(2), np.ones(2)
    everything = np.concatenate(points)
    return everything.min(axis=0).astype(np.float64), everything.max(axis=0).astype(np.float64)


def middle(outline: Outline, otherwise: np.ndarray) -> np.ndarray:
    """Mean of the midpoints of the body's parts, [2] [m], all with the same weight."""
    parts = [line.mean(axis=0) for line in outline.get("body", []) if len(line)]
    return np.mean(parts, axis=0) if parts else otherwise


def _evened(values: np.ndarray, window: int) -> np.ndarray:
    """Centred moving average over `window` values, [frames]; the end values are repeated beyond the
    ends.
    """
    half = max(0, window // 2)
    padded = np.pad(values, half, mode="edge")
    return np.convolve(padded, np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")


@dataclass(frozen=True)
class Camera:
    """The world point (x, y) in the middle of a picture of `width` x `height` [px], and its
    scale.
    """

    x: float  # [m]
    y: float  # [m]
    zoom: float  # [px/m]
    width: float
    height: float

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """World points [points, 2] [m] as pixels [points, 2] float64, y down."""
        points = np.asarray(points, np.float64)  # pygame takes no float32
        x = self.width / 2 + (points[:, 0] - self.x) * self.zoom
        y = self.height / 2 - (points[:, 1] - self.y) * self.zoom
        return np.stack([x, y], axis=1)

    def metres(self, x: float, y: float) -> tuple[float, float]:
        """The world point under a pixel [m]."""
        return self.x + (x - self.width / 2) / self.zoom, self.y - (y - self.height / 2) / self.zoom


def camera_at(
    scene: Scene, frame: int, width: float, height: float, *, zoom: float = 1.0
) -> Camera:
    """A camera that follows the body. zoom: 1 shows `scene.extent` metres from top to bottom, 2
    half of that.
    """
    pixels = height / scene.extent * zoom
    x, y = scene.focus[frame]
    ahead, up = scene.lead
    return Camera(
        float(x) + ahead * width / pixels, float(y) + up * height / pixels, pixels, width, height
    )
