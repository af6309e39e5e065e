"""The kernel that draws Gymnasium's BipedalWalker terrain, easy or hardcore, from a NumPy bit
generator.

It draws the same random numbers as Gymnasium's reset in the same order, including those of the
clouds, which only a picture needs. It computes in float64 as Gymnasium's Python code; stored
numbers are float32, as in Box2D.
"""

from __future__ import annotations

from numba import float32, float64, int64, void

from .bits import integers, next_double, uniform
from .body import SCALE
from .jit import Kernel, routine

LENGTH = 200  # tiles of a track
MOST_POLYGONS = 64  # 41 at most: pits of 5 tiles and grass of 5 in turn, two walls each
TILE = 14 / SCALE  # [m]
BASE = 400 / SCALE / 4  # height of the start pad [m]
START_PAD, SHORTEST_RUN, LONGEST_RUN = 20, 5, 10  # [tiles]; the last is never drawn
LARGEST_PUSH = 5.0  # on the hull at the start [N]
CLOUD_DRAWS = LENGTH // 20 * (1 + 5 * 2)  # ten clouds: a position, and five corners
GRASS, STUMP, STAIRS, PIT = 0, 1, 2, 3


@routine
def block(polygons, n, left, right, low, high):
    """A rectangle counter-clockwise from (left, low), stored as polygon n."""
    polygons[n, 0, 0], polygons[n, 0, 1] = left, low
    polygons[n, 1, 0], polygons[n, 1, 1] = right, low
    polygons[n, 2, 0], polygons[n, 2, 1] = right, high
    polygons[n, 3, 0], polygons[n, 3, 1] = left, high


@routine
def begin_pit(bits, polygons, n, x, y):
    """Add two walls; the number of polygons, and the tiles of the pit."""
    tiles = integers(bits, 3, 5)
    for shift in (0.0, TILE * tiles):
        block(polygons, n, x + shift, (x + TILE) + shift, y, y - 4 * TILE)
        n += 1
    return n, tiles + 2


@routine
def begin_stump(bits, polygons, n, x, y):
    """Add a square; the number of polygons, and its tiles."""
    tiles = integers(bits, 1, 3)
    side = tiles * TILE
    block(polygons, n, x, x + side, y, y + side)
    return n + 1, tiles


@routine
def begin_stairs(bits, polygons, n, x, y):
    """Add steps; the number of polygons, and direction, width and number of steps."""
    up = 1 if next_double(bits) > 0.5 else -1
    width = integers(bits, 4, 5)
    steps = integers(bits, 3, 5)
    for s in range(steps):
        left, right = x + (s * width) * TILE, x + ((1 + s) * width) * TILE
        block(polygons, n, left, right, y + (s * up) * TILE, y + (-1 + s * up) * TILE)
        n += 1
    return n, up, width, steps


@routine
def slope(bits, i, y, velocity):
    """The speed at which grass rises on tile i."""
    off = BASE - y
    velocity = 0.8 * velocity + 0.01 * (1.0 if off > 0.0 else (-1.0 if off < 0.0 else 0.0))
    if i > START_PAD:
        velocity += uniform(bits, -1.0, 1.0) / SCALE
    return velocity


@routine
def draw_ground(bits, hardcore, ground, polygons):
    """Write ground vertices and obstacles; the number of polygons."""
    state, counter, first = GRASS, START_PAD, False
    velocity, y, height = 0.0, BASE, BASE  # height: before the obstacle
    n, up, width, steps = 0, 0, 1, 0
    for i in range(LENGTH):
        x = i * TILE
        if state == GRASS and not first:
            velocity = slope(bits, i, y, velocity)
            y += velocity
        elif state == PIT and first:
            n, counter = begin_pit(bits, polygons, n, x, y)
            height = y
        elif state == PIT:
            y = height - (4 * TILE if counter > 1 else 0.0)
        elif state == STUMP and first:
            n, counter = begin_stump(bits, polygons, n, x, y)
        elif state == STAIRS and first:
            n, up, width, steps = begin_stairs(bits, polygons, n, x, y)
            height, counter = y, steps * width
        elif state == STAIRS:
            y = height + ((steps * width - counter - up) / width * up) * TILE
        first = False
        ground[i, 0], ground[i, 1] = x, y
        counter -= 1
        if counter == 0:
            counter = integers(bits, SHORTEST_RUN, LONGEST_RUN)
            state = integers(bits, 1, 4) if state == GRASS and hardcore else GRASS
            first = True
    return n


def draw_track(bits, hardcore, ground, polygons, count, push):
    """Kernel: ground [LENGTH, 2], the first count[0] of polygons [MOST_POLYGONS, 4, 2] and push[0].

    bits: the address of a bit generator (bits.py), which advances as in Gymnasium.
    """
    count[0] = draw_ground(bits, hardcore != 0, ground, polygons)
    for _ in range(CLOUD_DRAWS):
        next_double(bits)
    push[0] = uniform(bits, -LARGEST_PUSH, LARGEST_PUSH)


DRAW = Kernel(
    "Gymnasium's tracks",
    void(int64, int64, float32[:, ::1], float32[:, :, ::1], int64[::1], float64[::1]),
    draw_track,
    4,
)
