"""POET's terrain construction: a track from an obstacle genome and a seed (arXiv 1901.01753, based
on Gymnasium's walker).

The ground is built tile by tile. Runs of 5 to 9 tiles of grass alternate with obstacles, the first
on tile 20. The first tile of a run has the height of the tile before it, so that obstacles are
level. One generator, with the task's seed, draws the terrain and then the push.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from .obstacles import Interval, Obstacles
from .track import Track

SCALE = 30.0
TILE = 14 / SCALE  # [m]
BASE = 400 / SCALE / 4  # height of the start pad [m]
START_PAD = 20  # tiles
DEPTH = 4  # of a pit [tiles]
STAIR_WIDTH = 4  # [tiles]
LARGEST_PUSH = 5.0  # on the hull at the start [N]
LOWEST = 0.005  # [m], Box2D's linear slop
SMALLEST_AREA = 2.0**-23  # [m^2], Box2D's b2_epsilon

# (pen, first tile, height [m], genome, generator) -> (number of tiles, height behind them [m])
Builder = Callable[["Pen", int, float, Obstacles, np.random.Generator], tuple[int, float]]


@dataclass
class Pen:
    """A track under construction."""

    xs: list[float] = field(default_factory=list)  # ground vertices [m]
    ys: list[float] = field(default_factory=list)
    blocks: list[list[tuple[float, float]]] = field(default_factory=list)

    def to(self, x: float, y: float) -> None:
        self.xs.append(x)
        self.ys.append(y)

    def block(self, left: float, right: float, bottom: float, top: float) -> None:
        """A rectangle, corners counter-clockwise.

        Differs: a block lower than Box2D's tolerance is omitted, where the reference fails with an
        assertion (B19). So is one so far from the start that float32 rounds its area to nothing,
        with which Box2D fails too.
        """
        corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
        if top - bottom >= LOWEST and _area(corners) > SMALLEST_AREA:
            self.blocks.append(corners)

    def track(self, push: float) -> Track:
        ground = np.stack([self.xs, self.ys], axis=1).astype(np.float32)
        return Track(ground, np.array(self.blocks, np.float32).reshape(-1, 4, 2), push)


def _area(corners: list[tuple[float, float]]) -> float:
    """Area as computed by Box2D: triangles with the origin, from the lower right corner, in float32
    [m^2].
    """
    points = [(np.float32(x), np.float32(y)) for x, y in corners[1:] + corners[:1]]
    half, area = np.float32(0.5), np.float32(0.0)
    for (x, y), (next_x, next_y) in zip(points, points[1:] + points[:1], strict=True):
        area += half * (x * next_y - y * next_x)
    return float(area)


def track(genome: Obstacles, seed: int, length: int = 200) -> Track:
    """The track of a genome with this seed; length in tiles."""
    return draw(genome, seed, length, {"stump": stump, "stairs": stairs, "gap": pit})


def draw(genome: Obstacles, seed: int, length: int, builders: Mapping[str, Builder]) -> Track:
    """A track with obstacles made by `builders`, keyed by the genome's interval that enables
    each.
    """
    rng = np.random.default_rng(seed)
    kinds = [build for name, build in builders.items() if getattr(genome, name) is not None]
    pen, tile, velocity, y = Pen(), 0, 0.0, BASE
    run, level = START_PAD, False
    while tile < length:
        for _ in range(run):
            if not level:
                velocity = 0.8 * velocity + 0.01 * float(np.sign(BASE - y))
                if tile > START_PAD:
                    velocity += float(rng.uniform(-1, 1)) / SCALE
                y += genome.roughness * velocity
            level = False
            pen.to(tile * TILE, y)
            tile += 1
        if kinds and tile < length:
            build = kinds[int(rng.integers(len(kinds)))]
            tiles, y = build(pen, tile, y, genome, rng)
            tile += tiles
        run, level = int(rng.integers(5, 10)), True
    del pen.xs[length:], pen.ys[length:]
    return pen.track(float(rng.uniform(-LARGEST_PUSH, LARGEST_PUSH)))


def size_of(interval: Interval | None, rng: np.random.Generator) -> float:
    assert interval is not None, "an obstacle is only built where the genome has it"
    return float(rng.uniform(*interval))


def stump(
    pen: Pen, tile: int, y: float, genome: Obstacles, rng: np.random.Generator
) -> tuple[int, float]:
    """A block one tile wide, on one ground tile."""
    x = tile * TILE
    pen.block(x, x + TILE, y, y + size_of(genome.stump, rng) * TILE)
    pen.to(x, y)
    return 1, y


def pit(
    pen: Pen, tile: int, y: float, genome: Obstacles, rng: np.random.Generator
) -> tuple[int, float]:
    """Two walls whose left edges are 1 + U(low, high) tiles apart."""
    x, gap = tile * TILE, 1 + size_of(genome.gap, rng)
    for left in (x, x + gap * TILE):
        pen.block(left, left + TILE, y - DEPTH * TILE, y)
    wide = math.ceil(gap)
    pen.to(x, y)
    for i in range(1, wide + 1):
        pen.to((tile + i) * TILE, y - DEPTH * TILE)
    pen.to((tile + 1 + gap) * TILE, y)  # right edge of the far wall, not a tile's end
    return wide + 2, y


def stairs(
    pen: Pen, tile: int, y: float, genome: Obstacles, rng: np.random.Generator
) -> tuple[int, float]:
    """Steps of four tiles, up or down; the first is level with the ground before it.

    Differs: in the reference, the ground behind stairs that lead down is one step lower than their
    last step, so that they have one more drop. Stored tasks keep the ground of this layout.
    """
    rise = rise_of(genome, rng)
    steps(pen, tile, y, genome.stair_steps, rise)
    pen.to(tile * TILE, y)
    for i in range(1, genome.stair_steps * STAIR_WIDTH + 1):
        # The ground runs under the steps: up after their edge, down before it.
        step = (i - 1) // STAIR_WIDTH if rise > 0 else min(i // STAIR_WIDTH, genome.stair_steps - 1)
        pen.to((tile + i) * TILE, y + step * rise)
    return genome.stair_steps * STAIR_WIDTH + 1, y + (genome.stair_steps - 1) * rise


def rise_of(genome: Obstacles, rng: np.random.Generator) -> float:
    """Height of the next stairs' steps [m], negative if they lead down."""
    height = size_of(genome.stairs, rng) * TILE
    return height if rng.random() > 0.5 else -height


def steps(pen: Pen, tile: int, y: float, count: int, rise: float) -> None:
    """The blocks of stairs from this tile on; y: height of the first."""
    for step in range(count):
        top = y + step * rise
        pen.block(
            (tile + step * STAIR_WIDTH) * TILE,
            (tile + (step + 1) * STAIR_WIDTH) * TILE,
            top - TILE,
            top,
        )
