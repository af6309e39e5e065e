"""The island solver for many walkers: blocks of sixteen in lanes, or one by one, with the same
results to the last bit.

Most walkers converge after one or two position sweeps; those with conflicting constraints take all
60. So after a few sweeps the walkers that have not converged are packed into new blocks, and again
after some more. A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an
altered version.
"""

from __future__ import annotations

import numpy as np

from . import lane_positions, lane_velocities
from . import state as at
from .jit import allocating, routine
from .lanes import LANES, assign_places, forget_traits, pack_traits, sort_by_pattern
from .math import ZERO, maximum
from .single_solver import solve_row
from .solver import begin_row, end_row, keep_row, list_contacts

# position sweeps after which the walkers that have not converged are packed again
FEW, SOME = np.int64(3), np.int64(12)
# [rad] larger angles are left to the scalar solver, whose sine has no limit of range
FARTHEST = np.float32(100.0)
ONE, FIVE = np.int64(1), np.int64(5)


@routine
def turned_far(f, fo):
    most = ZERO
    for body in range(FIVE):
        most = maximum(most, abs(f[fo + body * at.BODY_SIZE + at.A]))
    return not most < FARTHEST


@routine
def solve_block_velocities(f, k, bodies, block, lanes, s, i, contacts, x, c, y, iterations, width):
    """The walkers of `block` [lanes] from the step's start to integrated poses."""
    for lane in range(lanes):
        fo, ko = block[lane] * at.FLOATS, block[lane] * at.INTEGERS
        traits = bodies[k[ko + at.TRAITS]]
        contacts[lane] = begin_row(traits, f, k, fo, ko, s[lane], i[lane])
    assign_places(i, contacts, lanes, y)
    pack_traits(k, bodies, block, lanes, x, y)
    lane_velocities.pack(s, i, lanes, x, c, y)
    lane_velocities.sweep_velocities(x, c, y, iterations, width)
    lane_velocities.unpack(s, lanes, x, c, y)
    for lane in range(lanes):
        keep_row(f, block[lane] * at.FLOATS, s[lane], i[lane], contacts[lane])


@routine
def solve_block_positions(
    f, k, bodies, block, lanes, i, contacts, solved, x, c, y, iterations, width
):
    for lane in range(lanes):
        contacts[lane] = list_contacts(k, block[lane] * at.INTEGERS, i[lane])
    assign_places(i, contacts, lanes, y)
    pack_traits(k, bodies, block, lanes, x, y)
    lane_positions.pack(f, k, block, i, lanes, x, c, y)
    lane_positions.sweep_positions(f, block, lanes, solved, x, c, y, iterations, width)


@routine
def end_of(f, k, bodies, row, solved, events):
    """The end of the step of one walker."""
    fo, ko, eo = row * at.FLOATS, row * at.INTEGERS, row * at.EVENT_COUNT
    end_row(bodies[k[ko + at.TRAITS]], f, k, fo, ko, solved, events, eo)


@allocating
def solve_lanes(
    rows, f, k, bodies, events, s, i, x, c, y, velocity_iterations, position_iterations, width
):
    """Walkers `rows` in blocks of `width`."""
    contacts, solved = np.zeros(LANES, np.int64), np.zeros(LANES, np.int64)
    for start in range(np.int64(0), len(rows), width):
        block = rows[start : start + width]
        lanes = np.int64(len(block))
        solve_block_velocities(
            f, k, bodies, block, lanes, s, i, contacts, x, c, y, velocity_iterations, width
        )
    few, some = min(FEW, position_iterations), min(SOME, position_iterations)
    waiting = len(rows)
    for iterations in (few, some - few, position_iterations - some):
        left = np.int64(0)
        for start in range(np.int64(0), waiting, width):
            block = rows[start : min(start + width, waiting)].copy()
            lanes = np.int64(len(block))
            solve_block_positions(
                f, k, bodies, block, lanes, i, contacts, solved, x, c, y, iterations, width
            )
            for lane in range(lanes):
                row = block[lane]
                if solved[lane] == ONE:
                    end_of(f, k, bodies, row, True, events)
                else:
                    rows[left] = row
                    left += ONE
        waiting = left
    for row in rows[:waiting]:
        end_of(f, k, bodies, row, False, events)


def solve_rows(
    rows, f, k, bodies, events, s, i, x, c, y, velocity_iterations, position_iterations, width
):
    """Kernel: velocities, positions, sleep and moved boxes of each row. width: walkers a block, 1
    to LANES.
    """
    alike = np.empty(len(rows), np.int64)
    near = np.int64(0)
    for row in rows:
        if width == ONE or turned_far(f, row * at.FLOATS):
            solve_row(
                f, k, bodies, row, events, s[0], i[0], velocity_iterations, position_iterations
            )
        else:
            alike[near] = row
            near += ONE
    alike = sort_by_pattern(alike[:near], k)
    forget_traits(y)
    solve_lanes(
        alike, f, k, bodies, events, s, i, x, c, y, velocity_iterations, position_iterations, width
    )
