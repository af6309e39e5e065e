"""Where the picture looks: what a take covers in metres, and the map from metres to pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .episode import Episode, Outline

SAMPLES = 400  # frames at which the body's path is looked up; between them it is a straight line
SMOOTHING = 1.0  # [s] over which the camera evens out the height of a body that bounces
BODIES_HIGH = 3.9  # the picture is this many bodies high
LEAD = (0.14, 0.12)  # more of the picture for what is ahead, and for the sky
SMALL = 1 / 50  # a body smaller than this share of the world is a point


@dataclass(frozen=True)
class Scene:
    """One take as the camera needs it, looked up once; frames are drawn from it one by one."""

    take: int
    outline: Outline  # of frame 0
    low: np.ndarray  # [2] [m], lower left corner of all that stands in the world, and of the path
    high: np.ndarray  # [2] [m]
    path: np.ndarray  # [frames, 2] [m], the middle of the body
    # [frames, 2] [m], what a camera should follow: the path with its bouncing evened out
    focus: np.ndarray
    extent: float  # [m], a good height for the picture
    # shares of width and height by which the body stands left of and below the middle
    lead: tuple[float, float]

    def speed(self, frame: int, dt: float) -> float:
        """Of the body, to the right, over the half second around `frame` [m/s]."""
        half = max(1, round(0.25 / dt))
        first, last = max(0, frame - half), min(len(self.path) - 1, frame + half)
        return float((self.path[last, 0] - self.path[first, 0]) / (max(1, last - first) * dt))


def scene_of(episode: Episode, take: int = 0) -> Scene:
    """Bounds, body path and a good zoom of one take.

    A world that is small, seen from above, or in which the body is a point, is looked at as a whole
    and stands still.
    """
    count = len(episode.takes[take].frames)
    first = episode.outline(take, 0)
    low, high = bounds(first)
    samples = np.unique(np.linspace(0, count - 1, min(count, SAMPLES)).astype(int))
    middles = np.array(
        [_middle(episode.outline(take, int(frame)), (low + high) / 2) for frame in samples]
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
        middle = np.broadcast_to((low + high) / 2, path.shape)
        return Scene(take, first, low, high, path, middle, whole, (0.0, 0.0))
    return Scene(take, first, low, high, path, focus, extent, LEAD)


def from_above(outline: Outline) -> bool:
    """Whether the first line of the ground ends where it began: a polygon, not a surface to walk
    on.
    """
    ground = outline.get("ground", [])
    return bool(ground) and len(ground[0]) > 3 and bool(np.array_equal(ground[0][0], ground[0][-1]))


def bounds(outline: Outline) -> tuple[np.ndarray, np.ndarray]:
    """Lower left and upper right corner of all but the rays, [2] and [2] [m]; a unit square if
    there is nothing.
    """
    points = [
        line for layer, lines in outline.items() if layer != "ray" for line in lines if len(line)
    ]
    if not points:
        return np.zeros(2), np.ones(2)
    everything = np.concatenate(points)
    return everything.min(axis=0).astype(np.float64), everything.max(axis=0).astype(np.float64)


def _middle(outline: Outline, otherwise: np.ndarray) -> np.ndarray:
    """Mean of the middles of the body's parts, [2] [m]; every part counts the same, however many
    corners it has.
    """
    parts = [line.mean(axis=0) for line in outline.get("body", []) if len(line)]
    return np.mean(parts, axis=0) if parts else otherwise


def _evened(values: np.ndarray, window: int) -> np.ndarray:
    """Moving average over `window` values around each, [frames]; the ends are taken to go on as
    they are.
    """
    half = max(0, window // 2)
    padded = np.pad(values, half, mode="edge")
    return np.convolve(padded, np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")


@dataclass(frozen=True)
class Camera:
    """The world point in the middle of a picture of `width` x `height` [px], and how large a metre
    is.
    """

    x: float  # [m]
    y: float  # [m]
    zoom: float  # [px/m]
    width: float
    height: float

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """World points [points, 2] [m] in the picture, [points, 2] float64 [px], y down."""
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
    """Following the body.   zoom: 1 shows `scene.extent` metres from top to bottom, 2 half of
    them.
    """
    pixels = height / scene.extent * zoom
    x, y = scene.focus[frame]
    ahead, up = scene.lead
    return Camera(
        float(x) + ahead * width / pixels, float(y) + up * height / pixels, pixels, width, height
    )
