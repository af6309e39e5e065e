"""Whole episodes in compiled code: policy and step alternate until the rows have ended or the limit
of steps is reached.

The policy is a pointer to a compiled function (poet.interfaces, `Simulator.play`), and so are the
phases of a step, so that a new policy needs no compilation here.
"""

from __future__ import annotations

from numba import float32, float64, int64, types, void

from . import state as at
from . import world
from .jit import Kernel

TABLE, LIST = float32[:, ::1], int64[::1]
ACT = void(TABLE, LIST, LIST, TABLE, LIST, TABLE, TABLE)


def play_rows(
    rows, limit, act, collide, solve, pairs, toi, observe,
    weights, member, layout, memory, table, actions, flat,
    f, k, shapes, corners, tracks, bodies, ends, events, s, i, s0, i0, x, c, y,
    velocity, position, width, cull, obs, reward, terminated, finished, shaping, rays, returns,
    steps,
):  # fmt: skip
    """Kernel: up to `limit` steps of each row; a row stops where it terminates or has a fault.

    table [n, 24] and obs share memory, as do actions [n, 4] and flat. returns, steps: [n],
    accumulated.
    """
    live = rows.copy()
    n = len(live)
    for _ in range(limit):
        now = live[:n]
        act(weights, member, now, table, layout, memory, actions)
        collide(now, f, k, shapes, corners, tracks, bodies, flat, events)
        solve(now, f, k, bodies, events, s, i, x, c, y, velocity, position, width)
        pairs(now, f, k, shapes, tracks)
        toi(now, f, k, shapes, corners, tracks, bodies, events, s0, i0, velocity, cull)
        observe(
            now,
            f,
            k,
            shapes,
            corners,
            tracks,
            ends,
            flat,
            obs,
            reward,
            terminated,
            finished,
            shaping,
            rays,
        )
        n = 0
        for row in now:
            returns[row] += reward[row]
            steps[row] += 1
            if not terminated[row] and k[row * at.INTEGERS + at.FAULT] == at.HEALTHY:
                live[n] = row
                n += 1
        if n == 0:
            return


_PHASES = [types.FunctionType(phase.signature) for phase in world.PHASES]
PLAY = Kernel(
    "episodes",
    void(
        world.ROWS, int64, types.FunctionType(ACT), *_PHASES, TABLE, LIST, LIST, TABLE, TABLE,
        TABLE, float32[::1],
        world.F, world.K, world.SHAPES, world.CORNERS, world.TRACKS, world.BODIES,
        world.VALUES, world.EVENTS,
        world.BLOCK, world.PLACES, world.SCRATCH, world.INDICES, world.SCRATCH, world.SCRATCH,
        world.INDICES,
        int64, int64, int64, int64, world.F, world.VALUES, world.FLAGS, world.FLAGS, world.VALUES,
        world.SCRATCH,
        float64[::1], int64[::1],
    ),
    play_rows,
    2,
)  # fmt: skip
