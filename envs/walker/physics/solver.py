"""The island solver (b2Island::Solve): velocities, positions, sleep. One island: the five bodies of
one walker.

Joints are solved in the order 3, 2, 0, 1, that of Box2D's depth-first search from the newest body;
other orders give other results. Contacts are solved newest first within a body; the order of bodies
does not matter, since each contact touches one body only. A port of Box2D 2.3's algorithms
(Erin Catto, zlib licence), written anew: an altered version.
"""

from __future__ import annotations

import math

import numpy as np

from . import state as at
from .broadphase import move_proxy, sweep_box, synchronize_transform, tight_box
from .constraints import load_contact, position_contacts, store_impulses, warm_start
from .jit import inline, routine
from .joints import load_limits, passes, store_joints
from .math import LARGEST, ONE, ZERO, minimum, rotate
from .settings import (
    ANGULAR_SLEEP_SQUARED,
    BAUMGARTE,
    LINEAR_SLEEP_SQUARED,
    LINEAR_SLOP,
    MAX_ROTATION,
    MAX_ROTATION_SQUARED,
    MAX_TRANSLATION,
    MAX_TRANSLATION_SQUARED,
    STEP,
    TIME_TO_SLEEP,
)
from .traits import center

ORDER = (3, 2, 0, 1)
FIVE = np.int64(5)
DEEPEST = np.float32(-3.0) * LINEAR_SLOP


load_joints, solve_velocities, solve_positions = passes(ORDER)


@routine
def start_velocities(traits, f, fo, s):
    """Apply gravity and the push; the sweep starts at the current poses."""
    for body in range(FIVE):
        b, v = fo + body * at.BODY_SIZE, at.BODY_V + 3 * body
        f[b + at.C0X], f[b + at.C0Y], f[b + at.A0] = f[b + at.CX], f[b + at.CY], f[b + at.A]
        push = f[fo + at.PUSH] if body == 0 else ZERO
        s[v] = f[b + at.VX] + STEP * (traits[at.INVERSE_MASS + body] * push)
        s[v + 1] = f[b + at.VY] + STEP * traits[at.GRAVITY]
        s[v + 2] = f[b + at.W]
    f[fo + at.PUSH] = ZERO


@inline
def integrate(x, y, a, vx, vy, w, h):
    """One explicit step of length h [s] with speeds clamped to Box2D's limits: pose, velocities."""
    tx, ty = h * vx, h * vy
    square = tx * tx + ty * ty
    if square > MAX_TRANSLATION_SQUARED:
        ratio = MAX_TRANSLATION / np.float32(math.sqrt(square))
        vx, vy = vx * ratio, vy * ratio
    turn = h * w
    if turn * turn > MAX_ROTATION_SQUARED:
        w = w * (MAX_ROTATION / (turn if turn > ZERO else -turn))
    return x + h * vx, y + h * vy, a + h * w, vx, vy, w


@routine
def integrate_positions(f, fo, s):
    """Store the velocities, and the poses before correction by the position solver."""
    for body in range(FIVE):
        b, v = fo + body * at.BODY_SIZE, at.BODY_V + 3 * body
        f[b + at.CX], f[b + at.CY], f[b + at.A], f[b + at.VX], f[b + at.VY], f[b + at.W] = (
            integrate(f[b + at.CX], f[b + at.CY], f[b + at.A], s[v], s[v + 1], s[v + 2], STEP)
        )


@routine
def correct_positions(traits, f, k, fo, ko, s, i, contacts, iterations):
    """Position iterations; True if the errors become small within them."""
    for body in range(FIVE):
        b, v = fo + body * at.BODY_SIZE, at.BODY_V + 3 * body
        s[v], s[v + 1], s[v + 2] = f[b + at.CX], f[b + at.CY], f[b + at.A]
    solved = False
    for _ in range(iterations):
        deepest = position_contacts(traits, f, k, fo, ko, s, i, contacts, BAUMGARTE)
        if solve_positions(traits, s, i) & (deepest >= DEEPEST):
            solved = True
            break
    for body in range(FIVE):
        b, v = fo + body * at.BODY_SIZE, at.BODY_V + 3 * body
        f[b + at.CX], f[b + at.CY], f[b + at.A] = s[v], s[v + 1], s[v + 2]
    return solved


@routine
def fall_asleep(f, k, fo, ko, solved):
    """Put all five bodies to sleep, with zero velocities, after half a second without motion; True
    if done.
    """
    least = LARGEST
    for body in range(FIVE):
        b = fo + body * at.BODY_SIZE
        vx, vy, w = f[b + at.VX], f[b + at.VY], f[b + at.W]
        if (w * w > ANGULAR_SLEEP_SQUARED) | (vx * vx + vy * vy > LINEAR_SLEEP_SQUARED):
            f[b + at.SLEEP] = ZERO
            least = ZERO
        else:
            f[b + at.SLEEP] += STEP
            least = minimum(least, f[b + at.SLEEP])
    if (least < TIME_TO_SLEEP) | (not solved):
        return False
    for body in range(FIVE):
        b = fo + body * at.BODY_SIZE
        f[b + at.SLEEP], f[b + at.VX], f[b + at.VY], f[b + at.W] = ZERO, ZERO, ZERO, ZERO
        k[ko + at.AWAKE + body] = at.NO
    return True


@routine
def finish_bodies(traits, f, k, fo, ko):
    """Move the boxes to the corrected poses (b2Body::SynchronizeFixtures)."""
    for body in range(FIVE):
        b = fo + body * at.BODY_SIZE
        box = b + at.TIGHT
        lx, ly, ux, uy = f[box], f[box + 1], f[box + 2], f[box + 3]
        f[b + at.STARTS], f[b + at.STARTC] = f[b + at.QS], f[b + at.QC]
        rx, ry = rotate(f[b + at.QS], f[b + at.QC], *center(traits, body))
        px, py = f[b + at.C0X] - rx, f[b + at.C0Y] - ry
        f[b + at.STARTX], f[b + at.STARTY] = px, py
        synchronize_transform(traits, f, b, body)
        tight_box(f, b, body)
        sweep_box(f, b, lx, ly, ux, uy)
        if move_proxy(f, b, f[b + at.PX] - px, f[b + at.PY] - py):
            k[ko + at.MOVED + body] = at.YES


@routine
def find_fault(f, k, fo, ko):
    """Set the fault of a walker whose state is not finite."""
    for body in range(FIVE):
        b = fo + body * at.BODY_SIZE
        if not math.isfinite(f[b + at.CX] + f[b + at.CY] + f[b + at.A]):
            k[ko + at.FAULT] = at.FIRST_NAN + 2 * body
        elif not math.isfinite(f[b + at.VX] + f[b + at.VY] + f[b + at.W]):
            k[ko + at.FAULT] = at.FIRST_NAN + 2 * body + 1


@routine
def list_contacts(k, ko, i):
    """List the touching contacts, newest first, by body and slot; their number."""
    n = np.int64(0)
    for position in range(np.int64(k[ko + at.CONTACTS]) - 1, -1, -1):
        slot = np.int64(k[ko + at.ORDER + position])
        g = ko + at.SLOT + slot * at.SLOT_SIZE
        if k[g + at.TOUCHING] == at.YES:
            i[n * at.C_SIZE + at.C_BODY], i[n * at.C_SIZE + at.C_SLOT] = k[g + at.OWNER], slot
            n += 1
    return n


@routine
def begin_row(traits, f, k, fo, ko, s, i):
    """Load one walker's velocities and constraints, warm started; the number of contacts."""
    start_velocities(traits, f, fo, s)
    contacts = list_contacts(k, ko, i)
    for n in range(contacts):
        slot = np.int64(i[n * at.C_SIZE + at.C_SLOT])
        b = fo + np.int64(i[n * at.C_SIZE + at.C_BODY]) * at.BODY_SIZE
        load_contact(
            traits, f, k, fo, ko, s, i, n, slot,
            f[b + at.CX], f[b + at.CY], f[b + at.QS], f[b + at.QC], ONE,
        )  # fmt: skip
    warm_start(s, i, contacts)
    load_joints(traits, f, k, fo, ko, s, i)
    return contacts


@routine
def keep_row(f, fo, s, i, contacts):
    """Store the results of the velocity sweeps and integrate the positions."""
    store_impulses(f, fo, s, i, contacts)
    store_joints(f, fo, s)
    integrate_positions(f, fo, s)


@routine
def end_row(traits, f, k, fo, ko, solved, events, eo):
    """Update boxes and sleep, and check for faults."""
    finish_bodies(traits, f, k, fo, ko)
    if fall_asleep(f, k, fo, ko, solved):
        events[eo + at.COUNT_SLEEPING] += 1
    find_fault(f, k, fo, ko)


@routine
def sweep_row(traits, f, k, row, s, i, iterations):
    """Solve the velocities of one walker and integrate; the number of touching contacts."""
    fo, ko = row * at.FLOATS, row * at.INTEGERS
    contacts = begin_row(traits, f, k, fo, ko, s, i)
    solve_velocities(traits, s, i, contacts, iterations)
    keep_row(f, fo, s, i, contacts)
    return contacts


@routine
def settle_row(f, k, bodies, row, events, s, i, iterations):
    """Continue the position sweeps of a walker that has not converged; scratch is loaded again."""
    fo, ko, eo = row * at.FLOATS, row * at.INTEGERS, row * at.EVENT_COUNT
    traits = bodies[k[ko + at.TRAITS]]
    load_limits(traits, k, ko, s, i)
    solved = correct_positions(traits, f, k, fo, ko, s, i, list_contacts(k, ko, i), iterations)
    end_row(traits, f, k, fo, ko, solved, events, eo)
