"""Gymnasium's own BipedalWalker terrains, easy and hardcore: the same track, and the same push, for the same seed.

It draws from the generator what Gymnasium's reset draws and in its order, the clouds that only a picture would need
included, and computes in Python's floats as it does; Box2D makes them float32.
"""

from __future__ import annotations

import numpy as np

from .poet_layout import BASE, LARGEST_PUSH, SCALE, START_PAD, TILE
from .track import Track

LENGTH, GRASS_RUN = 200, 10  # [tiles]
GRASS, STUMP, STAIRS, PIT = range(4)
WIDTH, HEIGHT = 600, 400  # of the picture, of which clouds know [px]

Corners = list[tuple[float, float]]


def track(rng: np.random.Generator, hardcore: bool) -> Track:
    """The track of Gymnasium's reset with this generator, which is left where Gymnasium leaves it."""
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
    segment: tuple[float, int, int, int] = (y, 0, 0, 0)  # height before it; of stairs: direction, width, steps
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
