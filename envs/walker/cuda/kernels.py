"""The phases of a step as CUDA kernels with one thread per walker.

The memory layout is that of the CPU, one block per walker, and a thread calls the CPU's functions
on its walker. The solver's and TOI's scratch is the thread's local memory, which the hardware
interleaves.

The threads of a warp execute in lockstep, so a warp takes as long as its slowest walker. The long
phases therefore process queues (queues.py) of walkers with the same work: velocities of walkers
with equal numbers of touching contacts; further position sweeps of those that have not converged;
TOI of those that may have an impact. A warp can have fewer than 32 walkers (`width`) if the GPU has
room for more warps than there are walkers.

Threads process the first `count` of `rows`, the walkers that were running when last listed, and
skip those that have ended since. A port of Box2D 2.3's algorithms (Erin Catto, zlib licence),
written anew: an altered version.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, cuda, float32, float64, int32, int64, void

from ..physics import state as at
from ..physics.lidar import scan
from ..physics.observe import observe_row
from ..physics.solver import correct_positions, end_row, settle_row, sweep_row
from ..physics.toi import contacts_ahead, run_events, time_first
from ..physics.world import collide_row, pair_row, start_row
from .compiler import DeviceKernel
from .queues import (
    AHEAD,
    ANY_SLOT,
    BY_NEED,
    JAMMED,
    NOBODY,
    SLOT_BITS,
    STRUCK,
    WARP,
    by_contacts,
    by_need,
    listed,
    place,
    pull,
    push,
    push_contacts,
)

# Numba requires constants of the same module
SCRATCH_FLOATS, SCRATCH_INTEGERS = at.SCRATCH_FLOATS, at.SCRATCH_INTEGERS
FLOATS, INTEGERS, EVENT_COUNT = at.FLOATS, at.INTEGERS, at.EVENT_COUNT
MOTORS, CULL = np.int64(4), np.int64(1)


def start(width, rows, count, f, k, shapes, tracks, bodies, pushes):
    """Initialise each walker as in a new world, before its first step."""
    row = listed(width, rows, count)
    if row != NOBODY:
        start_row(f, k, row * FLOATS, row * INTEGERS, shapes, tracks, bodies, pushes)


def collide(
    width, rows, count, live, f, k, queue, queued, shapes, corners, tracks, bodies, actions, events
):
    """Motors and contacts."""
    row = listed(width, rows, count)
    if row != NOBODY and live[row]:
        ko = row * INTEGERS
        collide_row(
            f,
            k,
            row * FLOATS,
            ko,
            shapes,
            corners,
            tracks,
            bodies,
            actions,
            row * MOTORS,
            events,
            row * EVENT_COUNT,
        )
        push(queue, queued, BY_NEED + by_need(k, ko), row)


def solve(width, f, k, queue, queued, bodies, events, velocity_iterations, position_iterations):
    """Velocities; positions, sleep and moved boxes of walkers whose positions converge within
    `position_iterations`.
    """
    row = pull(width, queue, queued, BY_NEED, JAMMED)
    if row != NOBODY:
        fo, ko = row * FLOATS, row * INTEGERS
        s, i = cuda.local.array(SCRATCH_FLOATS, float32), cuda.local.array(SCRATCH_INTEGERS, int32)
        traits = bodies[k[ko + at.TRAITS]]
        contacts = sweep_row(traits, f, k, row, s, i, velocity_iterations)
        if correct_positions(traits, f, k, fo, ko, s, i, contacts, position_iterations):
            end_row(traits, f, k, fo, ko, True, events, row * EVENT_COUNT)
        else:
            push(queue, queued, JAMMED + by_contacts(k, ko), row)


def settle(width, f, k, queue, queued, bodies, events, position_iterations):
    """The remaining position sweeps; then sleep and moved boxes."""
    row = pull(width, queue, queued, JAMMED, STRUCK)
    if row != NOBODY:
        s, i = cuda.local.array(SCRATCH_FLOATS, float32), cuda.local.array(SCRATCH_INTEGERS, int32)
        settle_row(f, k, bodies, row, events, s, i, position_iterations)


def pairs(width, rows, count, live, f, k, queued, contacts, shapes, corners, tracks, bodies):
    """New contacts; and the contacts that may have an impact within the step."""
    row = listed(width, rows, count)
    if row != NOBODY and live[row]:
        fo, ko = row * FLOATS, row * INTEGERS
        pair_row(f, k, fo, ko, shapes, tracks)
        if k[ko + at.FAULT] == at.HEALTHY:
            first = tracks[np.int64(k[ko + at.TRACK]) * 3]
            traits = bodies[k[ko + at.TRAITS]]
            ahead = contacts_ahead(traits, f, k, fo, ko, shapes, corners, first)
            push_contacts(contacts, queued, ahead, row)


def impacts(width, f, k, queue, queued, contacts, struck, shapes, corners, tracks, bodies):
    """Times of impact of those contacts, with one thread per contact."""
    s, i = cuda.local.array(SCRATCH_FLOATS, float32), cuda.local.array(SCRATCH_INTEGERS, int32)
    own = place(width)
    for number in range(
        own, queued[AHEAD] if own != NOBODY else NOBODY, cuda.gridsize(1) // WARP * width
    ):
        row, slot = np.int64(contacts[number]) >> SLOT_BITS, np.int64(contacts[number]) & ANY_SLOT
        fo, ko = row * FLOATS, row * INTEGERS
        first = tracks[np.int64(k[ko + at.TRACK]) * 3]
        traits = bodies[k[ko + at.TRAITS]]
        if (
            time_first(traits, f, k, fo, ko, slot, s, i, shapes, corners, first)
            and cuda.atomic.exch(struck, row, 1) == 0
        ):
            push(queue, queued, STRUCK, row)


def toi(
    width, f, k, queue, queued, struck, shapes, corners, tracks, bodies, events, velocity_iterations
):
    """Handle the impacts."""
    row = pull(width, queue, queued, STRUCK, AHEAD)
    if row != NOBODY:
        fo, ko, eo = row * FLOATS, row * INTEGERS, row * EVENT_COUNT
        s, i = cuda.local.array(SCRATCH_FLOATS, float32), cuda.local.array(SCRATCH_INTEGERS, int32)
        struck[row] = 0
        run_events(
            f,
            k,
            fo,
            ko,
            shapes,
            corners,
            tracks,
            bodies,
            events,
            eo,
            s,
            i,
            velocity_iterations,
            CULL,
        )


def observe(
    width, rows, count, live, f, k, shapes, corners, tracks, ends, actions, obs, reward,
    terminated, finished, shaping,
    truncated, ages, returns, horizons,
):  # fmt: skip
    """Lidar, observation, reward and termination; then return, age and truncation."""
    row = listed(width, rows, count)
    if row != NOBODY and live[row]:
        fo, ko = row * FLOATS, row * INTEGERS
        faulty = k[ko + at.FAULT] != at.HEALTHY
        if not faulty:
            track = np.int64(k[ko + at.TRACK]) * 3
            scan(f, fo, shapes, corners, tracks[track], tracks[track + 1], tracks[track + 2])
            observe_row(
                f, k, fo, ko, ends, actions, obs, reward, terminated, finished, shaping, row
            )
        ages[row] += 1
        returns[row] += reward[row]
        truncated[row] = ages[row] >= horizons[row] and not terminated[row]
        live[row] = not (terminated[row] or truncated[row] or faulty)


ROWS, COUNT, WIDTH, LIVE = int64[::1], int64[::1], int64, boolean[::1]
F, K, QUEUE, QUEUED = float32[::1], int32[::1], int32[:, ::1], int32[::1]
CONTACTS, STRUCK_ROWS = int64[::1], int32[::1]
SHAPES, CORNERS, TRACKS, EVENTS = float32[::1], int32[::1], int64[::1], int64[::1]
BODIES = float32[:, ::1]
FLAT, VALUES, FLAGS, AGES = float32[::1], float64[::1], boolean[::1], int64[::1]

START = DeviceKernel(void(WIDTH, ROWS, COUNT, F, K, SHAPES, TRACKS, BODIES, VALUES), start)
COLLIDE = DeviceKernel(
    void(
        WIDTH, ROWS, COUNT, LIVE, F, K, QUEUE, QUEUED, SHAPES, CORNERS, TRACKS, BODIES, FLAT, EVENTS
    ),
    collide,
)
SOLVE = DeviceKernel(void(WIDTH, F, K, QUEUE, QUEUED, BODIES, EVENTS, int64, int64), solve)
SETTLE = DeviceKernel(void(WIDTH, F, K, QUEUE, QUEUED, BODIES, EVENTS, int64), settle)
PAIRS = DeviceKernel(
    void(WIDTH, ROWS, COUNT, LIVE, F, K, QUEUED, CONTACTS, SHAPES, CORNERS, TRACKS, BODIES), pairs
)
IMPACTS = DeviceKernel(
    void(WIDTH, F, K, QUEUE, QUEUED, CONTACTS, STRUCK_ROWS, SHAPES, CORNERS, TRACKS, BODIES),
    impacts,
)
TOI = DeviceKernel(
    void(WIDTH, F, K, QUEUE, QUEUED, STRUCK_ROWS, SHAPES, CORNERS, TRACKS, BODIES, EVENTS, int64),
    toi,
)
OBSERVE = DeviceKernel(
    void(
        WIDTH, ROWS, COUNT, LIVE, F, K, SHAPES, CORNERS, TRACKS, VALUES, FLAT, FLAT, VALUES, FLAGS,
        FLAGS, VALUES,
        FLAGS, AGES, VALUES, AGES,
    ),
    observe,
)  # fmt: skip
KERNELS = [START, COLLIDE, SOLVE, SETTLE, PAIRS, IMPACTS, TOI, OBSERVE]
