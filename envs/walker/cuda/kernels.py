"""The phases of a step as kernels of one thread a walker: physics/world.py's rows, each in a thread of its own.

State lies field by field, [FLOATS, walkers], so that neighbouring threads read neighbouring numbers. A thread takes
its column and calls the very functions of the CPU, which see a block that starts at 0. The solver's and TOI's scratch
is the thread's local memory, which the hardware interleaves by itself.

TOI is a kernel of its own: few walkers have an event, and its registers would weigh on the others. Threads work on the
first `count` of `rows`, the walkers that were alive when they were last listed, and pass over those that ended since.
A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an altered version.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, cuda, float32, float64, int32, int64, void

from ..physics import state as at
from ..physics.lidar import scan
from ..physics.observe import observe_row
from ..physics.solver import solve_row
from ..physics.toi import toi_row
from ..physics.world import collide_row, pair_row, start_row
from .compiler import DeviceKernel

SCRATCH_FLOATS, SCRATCH_INTEGERS = at.SCRATCH_FLOATS, at.SCRATCH_INTEGERS  # Numba wants a module's own constants
BEGIN = np.int64(0)  # of a column
MOTORS = np.int64(4)


def start(rows, count, f, k, shapes, tracks, pushes):
    """Each walker as in a world made anew, before its first step."""
    thread = cuda.grid(1)
    if thread < count[0]:
        row = rows[thread]
        start_row(f[:, row], k[:, row], BEGIN, BEGIN, shapes, tracks, pushes)


def collide(rows, count, live, f, k, shapes, corners, tracks, actions, events):
    """Motors and contacts."""
    thread = cuda.grid(1)
    if thread < count[0] and live[rows[thread]]:
        row = rows[thread]
        collide_row(
            f[:, row], k[:, row], BEGIN, BEGIN, shapes, corners, tracks, actions, row * MOTORS, events[:, row], BEGIN
        )


def solve(rows, count, live, f, k, events, velocity_iterations, position_iterations):
    """Velocities, positions, sleep and moved boxes."""
    thread = cuda.grid(1)
    if thread < count[0] and live[rows[thread]]:
        row = rows[thread]
        s, i = cuda.local.array(SCRATCH_FLOATS, float32), cuda.local.array(SCRATCH_INTEGERS, int32)
        solve_row(f[:, row], k[:, row], BEGIN, events[:, row], s, i, velocity_iterations, position_iterations)


def pairs(rows, count, live, f, k, shapes, tracks):
    """New contacts."""
    thread = cuda.grid(1)
    if thread < count[0] and live[rows[thread]]:
        row = rows[thread]
        pair_row(f[:, row], k[:, row], BEGIN, BEGIN, shapes, tracks)


def toi(rows, count, live, f, k, shapes, corners, tracks, events, velocity_iterations):
    """Continuous collision."""
    thread = cuda.grid(1)
    if thread < count[0] and live[rows[thread]]:
        row = rows[thread]
        s, i = cuda.local.array(SCRATCH_FLOATS, float32), cuda.local.array(SCRATCH_INTEGERS, int32)
        toi_row(
            f[:, row], k[:, row], BEGIN, BEGIN, shapes, corners, tracks, events[:, row], BEGIN, s, i,
            velocity_iterations, CULL,
        )  # fmt: skip


def observe(
    rows, count, live, f, k, shapes, corners, tracks, ends, actions, obs, reward, terminated, finished, shaping,
    truncated, ages, returns, horizon,
):  # fmt: skip
    """Lidar, observation, reward and end; then the episode's account."""
    thread = cuda.grid(1)
    if thread < count[0] and live[rows[thread]]:
        row = rows[thread]
        faulty = k[at.FAULT, row] != at.HEALTHY
        if not faulty:
            track = np.int64(k[at.TRACK, row]) * 3
            scan(f[:, row], BEGIN, shapes, corners, tracks[track], tracks[track + 1], tracks[track + 2])
            observe_row(
                f[:, row], k[:, row], BEGIN, BEGIN, ends, actions, obs, reward, terminated, finished, shaping, row
            )
        ages[row] += 1
        returns[row] += reward[row]
        truncated[row] = ages[row] >= horizon and not terminated[row]
        live[row] = not (terminated[row] or truncated[row] or faulty)


CULL = np.int64(1)
ROWS, COUNT, LIVE, F, K = int64[::1], int64[::1], boolean[::1], float32[:, ::1], int32[:, ::1]
SHAPES, CORNERS, TRACKS, EVENTS = float32[::1], int32[::1], int64[::1], int64[:, ::1]
FLAT, VALUES, FLAGS, AGES = float32[::1], float64[::1], boolean[::1], int64[::1]

START = DeviceKernel(void(ROWS, COUNT, F, K, SHAPES, TRACKS, VALUES), start)
COLLIDE = DeviceKernel(void(ROWS, COUNT, LIVE, F, K, SHAPES, CORNERS, TRACKS, FLAT, EVENTS), collide)
SOLVE = DeviceKernel(void(ROWS, COUNT, LIVE, F, K, EVENTS, int64, int64), solve)
PAIRS = DeviceKernel(void(ROWS, COUNT, LIVE, F, K, SHAPES, TRACKS), pairs)
TOI = DeviceKernel(void(ROWS, COUNT, LIVE, F, K, SHAPES, CORNERS, TRACKS, EVENTS, int64), toi)
OBSERVE = DeviceKernel(
    void(
        ROWS, COUNT, LIVE, F, K, SHAPES, CORNERS, TRACKS, VALUES, FLAT, FLAT, VALUES, FLAGS, FLAGS, VALUES,
        FLAGS, AGES, VALUES, int64,
    ),
    observe,
)  # fmt: skip
KERNELS = [START, COLLIDE, SOLVE, PAIRS, TOI, OBSERVE]
