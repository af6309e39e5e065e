"""Continuous collision (b2World::SolveTOI): a body that would enter the terrain is stopped at the
time of impact (TOI).

Only pairs of body and terrain are considered, each body with its own contacts and without joints.
The order matters: the earliest event is handled first, ties go to the newest contact, and computing
a contact's time can advance the sweep of its body or of its terrain shape, whose time within the
step is stored. Differs from Box2D: contacts whose body stays clear of the shape during the whole
sweep are found by a cheap conservative test instead of GJK; the result is the same. A port of Box2D
2.3's algorithms (Erin Catto, zlib licence), written anew: an altered version.
"""

from __future__ import annotations

import numpy as np

from . import state as at
from .broadphase import find_new_contacts, move_proxy, synchronize_transform, tight_box
from .impact import time_of_impact
from .jit import inline, routine
from .math import EPSILON, ONE, ZERO, minimum
from .settings import MAX_SUB_STEPS
from .sweep import advance_sweep, refresh_sweep, stays_clear
from .toi_island import (
    ONE_COUNT,
    ZERO_COUNT,
    gather_island,
    set_static_alpha,
    solve_island,
    static_alpha,
)

LATEST = ONE - np.float32(10.0) * EPSILON
NOBODY = np.int64(-1)


@routine
def contact_time(traits, f, k, fo, s, i, g, statics, shapes, corners, first, cull):
    """Time of impact of a contact as a fraction of the step, 1 for none; and the number of stored
    shape times.
    """
    body, shape = np.int64(k[g + at.OWNER]), np.int64(k[g + at.SHAPE])
    b, e, count = (
        fo + body * at.BODY_SIZE,
        (first + shape) * at.SHAPE_SIZE,
        np.int64(corners[first + shape]),
    )
    mine, its = f[b + at.ALPHA], static_alpha(s, i, statics, shape)
    start = its
    if its < mine:
        start = mine
        statics = set_static_alpha(s, i, statics, shape, mine)
    elif mine < its:
        advance_sweep(f, b, its)
        refresh_sweep(traits, f, b, body)
    if (cull == ONE_COUNT) and stays_clear(traits, f, b, body, shapes, e, count):
        return ONE, statics
    touching, share = time_of_impact(traits, f, b, body, s, i, shapes, e, count)
    return (minimum(start + (ONE - start) * share, ONE) if touching else ONE), statics


@routine
def first_event(traits, f, k, fo, ko, s, i, statics, shapes, corners, first, cull):
    """The earliest event: (slot or -1, time as a fraction of the step, stored shape times)."""
    best, least = NOBODY, ONE
    for position in range(np.int64(k[ko + at.CONTACTS]) - 1, -1, -1):
        slot = np.int64(k[ko + at.ORDER + position])
        g, c = ko + at.SLOT + slot * at.SLOT_SIZE, fo + at.CONTACT + slot * at.CONTACT_SIZE
        if (k[g + at.ENABLED] == at.NO) | (k[g + at.EVENTS] > MAX_SUB_STEPS):
            continue
        if k[g + at.TIMED] == at.NO:
            if k[ko + at.AWAKE + k[g + at.OWNER]] == at.NO:
                continue
            f[c + at.TOI], statics = contact_time(
                traits, f, k, fo, s, i, g, statics, shapes, corners, first, cull
            )
            k[g + at.TIMED] = at.YES
        if f[c + at.TOI] < least:
            best, least = slot, f[c + at.TOI]
    return best, least, statics


@routine
def move_body(traits, f, k, ko, b, body):
    """b2Body::SynchronizeFixtures after an event; the times of the body's contacts are no longer
    valid.
    """
    synchronize_transform(traits, f, b, body)
    tight_box(f, b, body)
    refresh_sweep(traits, f, b, body)
    if move_proxy(f, b, f[b + at.PX] - f[b + at.STARTX], f[b + at.PY] - f[b + at.STARTY]):
        k[ko + at.MOVED + body] = at.YES
    for position in range(np.int64(k[ko + at.CONTACTS])):
        g = ko + at.SLOT + np.int64(k[ko + at.ORDER + position]) * at.SLOT_SIZE
        if k[g + at.OWNER] == body:
            k[g + at.TIMED] = at.NO


@routine
def handle_event(
    traits, f, k, fo, ko, s, i, statics, slot, alpha, shapes, corners, first, iterations
):
    """Advance the contact's body to the event and solve the rest of its step: (whether it touched,
    stored shape times).
    """
    g = ko + at.SLOT + slot * at.SLOT_SIZE
    body, shape = np.int64(k[g + at.OWNER]), np.int64(k[g + at.SHAPE])
    b = fo + body * at.BODY_SIZE
    c0x, c0y, a0 = f[b + at.C0X], f[b + at.C0Y], f[b + at.A0]
    cx, cy, a = f[b + at.CX], f[b + at.CY], f[b + at.A]
    mine, its = f[b + at.ALPHA], static_alpha(s, i, statics, shape)
    statics = set_static_alpha(s, i, statics, shape, alpha)
    advance_sweep(f, b, alpha)
    f[b + at.CX], f[b + at.CY], f[b + at.A] = f[b + at.C0X], f[b + at.C0Y], f[b + at.A0]
    synchronize_transform(traits, f, b, body)
    k[g + at.TIMED] = at.NO
    k[g + at.EVENTS] += at.YES
    contacts, statics = gather_island(
        traits, f, k, fo, ko, s, i, statics, slot, alpha, shapes, corners, first
    )
    if contacts == ZERO_COUNT:
        k[g + at.ENABLED] = at.NO
        f[b + at.C0X], f[b + at.C0Y], f[b + at.A0], f[b + at.ALPHA] = c0x, c0y, a0, mine
        f[b + at.CX], f[b + at.CY], f[b + at.A] = cx, cy, a
        synchronize_transform(traits, f, b, body)
        return False, set_static_alpha(s, i, statics, shape, its)
    solve_island(traits, f, k, fo, ko, s, i, contacts, body, alpha, iterations)
    move_body(traits, f, k, ko, b, body)
    return True, statics


@inline
def clear_times(f, k, fo, ko):
    for body in range(np.int64(5)):
        f[fo + body * at.BODY_SIZE + at.ALPHA] = ZERO
    for position in range(np.int64(k[ko + at.CONTACTS])):
        slot = np.int64(k[ko + at.ORDER + position])
        g = ko + at.SLOT + slot * at.SLOT_SIZE
        k[g + at.TIMED], k[g + at.EVENTS] = at.NO, at.NO


@inline
def contacts_ahead(traits, f, k, fo, ko, shapes, corners, first):
    """The contacts of a walker that may have an impact in this step, as bits of their slots; the
    times of the others are set.
    """
    clear_times(f, k, fo, ko)
    ahead = np.int64(0)
    for position in range(np.int64(k[ko + at.CONTACTS])):
        slot = np.int64(k[ko + at.ORDER + position])
        g = ko + at.SLOT + slot * at.SLOT_SIZE
        body, shape = np.int64(k[g + at.OWNER]), first + np.int64(k[g + at.SHAPE])
        if (k[g + at.ENABLED] == at.NO) | (k[ko + at.AWAKE + body] == at.NO):
            continue
        if stays_clear(
            traits,
            f,
            fo + body * at.BODY_SIZE,
            body,
            shapes,
            shape * at.SHAPE_SIZE,
            np.int64(corners[shape]),
        ):
            f[fo + at.CONTACT + slot * at.CONTACT_SIZE + at.TOI] = ONE
            k[g + at.TIMED] = at.YES
        else:
            ahead |= ONE_COUNT << slot
    return ahead


@inline
def time_first(traits, f, k, fo, ko, slot, s, i, shapes, corners, first):
    """Compute a contact's time before any event; whether there is an event."""
    g = ko + at.SLOT + slot * at.SLOT_SIZE
    time, _ = contact_time(
        traits, f, k, fo, s, i, g, ZERO_COUNT, shapes, corners, first, ZERO_COUNT
    )
    f[fo + at.CONTACT + slot * at.CONTACT_SIZE + at.TOI] = time
    k[g + at.TIMED] = at.YES
    return time <= LATEST


@inline
def run_events(f, k, fo, ko, shapes, corners, tracks, bodies, events, eo, s, i, iterations, cull):
    """Handle the events of one walker in order of time; some contact times may be computed
    already.
    """
    track, traits = np.int64(k[ko + at.TRACK]) * 3, bodies[k[ko + at.TRAITS]]
    first, polygons, edges = tracks[track], tracks[track + 1], tracks[track + 2]
    statics = np.int64(0)
    while True:
        slot, alpha, statics = first_event(
            traits, f, k, fo, ko, s, i, statics, shapes, corners, first, cull
        )
        if (slot < 0) | (alpha > LATEST) | (k[ko + at.FAULT] != at.HEALTHY):
            break
        touched, statics = handle_event(
            traits, f, k, fo, ko, s, i, statics, slot, alpha, shapes, corners, first, iterations
        )
        if touched:
            events[eo + at.COUNT_TOI] += 1
            find_new_contacts(f, k, fo, ko, shapes, first, polygons, edges)


@inline
def toi_row(f, k, fo, ko, shapes, corners, tracks, bodies, events, eo, s, i, iterations, cull):
    """Continuous collision of one walker, including new contacts. cull: 0 omits the conservative
    test.
    """
    if k[ko + at.FAULT] == at.HEALTHY:
        clear_times(f, k, fo, ko)
        run_events(
            f, k, fo, ko, shapes, corners, tracks, bodies, events, eo, s, i, iterations, cull
        )


def toi_rows(rows, f, k, shapes, corners, tracks, bodies, events, s, i, iterations, cull):
    """Kernel: continuous collision of each row."""
    for row in rows:
        fo, ko, eo = row * at.FLOATS, row * at.INTEGERS, row * at.EVENT_COUNT
        toi_row(f, k, fo, ko, shapes, corners, tracks, bodies, events, eo, s, i, iterations, cull)
