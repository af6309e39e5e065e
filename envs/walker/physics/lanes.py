"""SIMD lanes of sixteen walkers: the scratch memory of the lane solver, and the grouping of walkers
into blocks.

The lane scratch is the scalar scratch (state.py) with every number sixteen wide, so that a loop
over lanes accesses adjacent memory and the compiler vectorises it. Two conditions are required: the
stride is the constant LANES, and the number of lanes in a loop is an argument. (A loop with a
constant trip count is unrolled first and not vectorised.) Lanes without a walker compute on
arbitrary data, which is not used.

Contacts of a block are stored in places grouped by body: place n of a body has each walker's n-th
touching contact of it, newest first, or none (POINTS 0). Walkers are therefore sorted by which of
their bodies touch, which leaves fewer places empty.
"""

from __future__ import annotations

import numpy as np

from . import state as at
from .jit import allocating, inline, routine

# two AVX registers of float32, so that the latency of one is hidden by the other
LANES = np.int64(16)
PLACES = np.int64(5 * at.SLOTS)  # contacts of one block at most
TRAITS = at.CONSTRAINT_C  # after bodies and joints, the traits of the walkers' bodies
FLOATS = int((TRAITS + at.LANE_TRAITS) * LANES)
CONTACT_FLOATS = int(PLACES * at.CONSTRAINT_C_SIZE * LANES)
# int32: for each place the walkers' points, and their source; each joint's limits; the first place
# of each body, and the end of the last; each place's body; whether any lane needs the longer
# formula, for two points or a limit; and the place in the table of bodies of each lane's traits.
SOURCE = np.int64(PLACES * LANES)
LIMIT = np.int64(SOURCE + PLACES * LANES)
BEGIN = np.int64(LIMIT + 4 * LANES)
BODY = np.int64(BEGIN + 6)
TWO = np.int64(BODY + PLACES)
LIMITED = np.int64(TWO + PLACES)
HELD = np.int64(LIMITED + 4)
INTEGERS = int(HELD + LANES)
KEYS = np.int64(1 << 8)
FIVE, FOUR, ONE, NONE = np.int64(5), np.int64(4), np.int64(1), np.int64(-1)
TWO_POINTS = np.int32(2)
X, Y, W = np.int64(0), np.int64(1), np.int64(2)  # of a body's three numbers


@inline
def read(x, field, lane):
    return x[np.uint64(field * LANES + lane)]  # unsigned: no check for a negative index


@inline
def pair(x, field, lane):
    """Two fields that follow each other."""
    return read(x, field, lane), read(x, field + 1, lane)


@inline
def write(x, field, lane, value):
    x[np.uint64(field * LANES + lane)] = value


@routine
def forget_traits(y):
    """Mark all lanes as without traits. The table of bodies may change between two calls."""
    for lane in range(LANES):
        y[HELD + lane] = NONE


@routine
def pack_traits(k, bodies, block, lanes, x, y):
    """Copy the traits of the walkers' bodies into lanes that have another body's."""
    for lane in range(lanes):
        number = k[block[lane] * at.INTEGERS + at.TRAITS]
        if y[HELD + lane] != number:
            y[HELD + lane] = number
            for field in range(at.LANE_TRAITS):
                write(x, TRAITS + field, lane, bodies[np.int64(number), field])


@routine
def pattern(k, ko):
    """A number below KEYS that encodes which formulas a walker needs.

    From the highest bit: whether any contact has two points; which bodies touch; for each pair of
    joints solved together (lane_joints.py), whether any was last at a limit.
    """
    key = np.int64(0)
    for position in range(np.int64(k[ko + at.CONTACTS])):
        g = ko + at.SLOT + np.int64(k[ko + at.ORDER + position]) * at.SLOT_SIZE
        if k[g + at.TOUCHING] == at.YES:
            key |= FOUR << np.int64(k[g + at.OWNER])
            if k[g + at.POINTS] == TWO_POINTS:
                key |= FOUR << FIVE
    if (k[ko + at.LIMIT] | k[ko + at.LIMIT + 3]) != at.INACTIVE:
        key |= np.int64(2)
    if (k[ko + at.LIMIT + 1] | k[ko + at.LIMIT + 2]) != at.INACTIVE:
        key |= ONE
    return key


@allocating
def sort_by_pattern(rows, k):
    """The rows sorted by pattern; stable (a counting sort)."""
    result = np.empty(len(rows), np.int64)
    begin = np.zeros(KEYS + ONE, np.int64)
    for row in rows:
        begin[pattern(k, row * at.INTEGERS) + ONE] += ONE
    for key in range(KEYS):
        begin[key + ONE] += begin[key]
    for row in rows:
        key = pattern(k, row * at.INTEGERS)
        result[begin[key]] = row
        begin[key] += ONE
    return result


@routine
def assign_places(i, contacts, lanes, y):
    """Assign a place to every constraint of a block's walkers.

    i: [LANES, ...] the walkers' scalar constraints; contacts: [LANES] their numbers.
    """
    end = np.int64(0)
    for body in range(FIVE):
        begin = end
        y[BEGIN + body] = begin
        for lane in range(lanes):
            place = begin
            for c in range(contacts[lane]):
                if np.int64(i[lane, c * at.C_SIZE + at.C_BODY]) == body:
                    if place == end:
                        for other in range(LANES):
                            y[SOURCE + place * LANES + other] = NONE
                        y[BODY + place] = body
                        end += ONE
                    y[SOURCE + place * LANES + lane] = c
                    place += ONE
    y[BEGIN + FIVE] = end
