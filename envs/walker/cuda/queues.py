"""Queues of walkers with the same work, filled by one kernel and processed by a later one of the
same step.

A queue is a row of a table [QUEUES, walkers] and its length. The order within a queue is arbitrary
and affects only the assignment of threads to walkers.
"""

from __future__ import annotations

import numpy as np
from numba import cuda

from ..physics import state as at
from . import compiler

WARP = np.int64(compiler.WARP)
MOST = np.int64(5)  # contacts; walkers with more are in the queue of those with MOST
BY_NEED = np.int64(0)  # queues by touching contacts, two-point contacts and joints at a limit
JAMMED = np.int64(32 * (MOST + 1))  # by contacts only: walkers whose positions have not converged
STRUCK = np.int64(JAMMED + 2 * (MOST + 1))  # walkers with an impact within the step
AHEAD = np.int64(STRUCK + 1)  # not a queue of walkers but the number of possible impacts
QUEUES = int(AHEAD)

ONE, NOBODY, TWO_POINTS, JOINTS = np.int64(1), np.int64(-1), np.int32(2), np.int64(4)
# all bits of a slot: a contact's number is its walker's and, below, its slot
ANY_SLOT = np.int64(at.SLOTS - 1)
SLOT_BITS = np.int64(int(ANY_SLOT).bit_length())


@cuda.jit(device=True)
def by_contacts(k, ko):
    """Queue number by the number of touching contacts, up to MOST, and by their points."""
    contacts, pairs = np.int64(0), np.int64(0)
    for position in range(np.int64(k[ko + at.CONTACTS])):
        g = ko + at.SLOT + np.int64(k[ko + at.ORDER + position]) * at.SLOT_SIZE
        if k[g + at.TOUCHING] == at.YES:
            contacts += ONE
            pairs |= np.int64(k[g + at.POINTS] == TWO_POINTS)
    return 2 * min(contacts, MOST) + pairs


@cuda.jit(device=True)
def by_need(k, ko):
    """The same, and from the joints that were at a limit in the last step; most still are."""
    number = by_contacts(k, ko)
    for joint in range(JOINTS):
        number = 2 * number + np.int64(k[ko + at.LIMIT + joint] != at.INACTIVE)
    return number


@cuda.jit(device=True)
def push(queue, queued, number, row):
    """Add a walker to a queue."""
    queue[number, cuda.atomic.add(queued, number, 1)] = row


@cuda.jit(device=True)
def push_contacts(contacts, queued, ahead, row):
    """Add contacts of a walker, as bits of their slots, to the list of possible impacts."""
    while ahead != 0:
        slot = np.int64(cuda.ffs(ahead)) - ONE
        ahead &= ahead - ONE
        contacts[cuda.atomic.add(queued, AHEAD, 1)] = row << SLOT_BITS | slot


@cuda.jit(device=True)
def place(width):
    """This thread's index among the active threads, `width` of each warp; -1 if it is idle."""
    thread = np.int64(cuda.grid(1))
    return thread // WARP * width + thread % WARP if thread % WARP < width else NOBODY


@cuda.jit(device=True)
def listed(width, rows, count):
    """This thread's walker of the first `count` of rows, or -1."""
    number = place(width)
    return rows[number] if number > NOBODY and number < count[0] else NOBODY


@cuda.jit(device=True)
def pull(width, queue, queued, first, end):
    """This thread's walker of the queues [first, end), the last queue first, or -1. A warp
    processes one queue only.
    """
    number = place(width)
    if number == NOBODY:
        return NOBODY
    for chosen in range(end - ONE, first - ONE, -ONE):
        size = np.int64(queued[chosen])
        if number < size:
            return np.int64(queue[chosen, number])
        number -= (size + width - ONE) // width * width
        if number < 0:
            return NOBODY
    return NOBODY
