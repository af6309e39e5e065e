"""Handling of a TOI event (b2Island::SolveTOI): the stopped body and its contacts are solved for
the rest of the step.

Terrain shapes have times of their own within a step: how far the sweep of each was advanced
(STATIC, STATIC_ALPHA in scratch). A port of Box2D 2.3's algorithms (Erin Catto, zlib licence),
written anew: an altered version.
"""

from __future__ import annotations

import numpy as np

from . import state as at
from .constraints import contact_velocity, load_contact, position_contacts
from .contact import update_contact
from .jit import inline, routine
from .math import ONE, ZERO
from .settings import LINEAR_SLOP, MAX_TOI_CONTACTS, STEP, TOI_BAUMGARTE
from .sincos import sincos
from .solver import integrate

DEEPEST = np.float32(-1.5) * LINEAR_SLOP
POSITION_ITERATIONS = np.int64(20)
ZERO_COUNT, ONE_COUNT = np.int64(0), np.int64(1)
TURN = np.int64(8)  # sweeps between two snapshots: the longest cycle that is detected


@routine
def static_alpha(s, i, statics, shape):
    """How far the sweep of a terrain shape was advanced, as a fraction of the step."""
    for n in range(statics):
        if i[at.STATIC + n] == shape:
            return s[at.STATIC_ALPHA + n]
    return ZERO


@routine
def set_static_alpha(s, i, statics, shape, alpha):
    """Store a terrain shape's time; the number of stored times."""
    for n in range(statics):
        if i[at.STATIC + n] == shape:
            s[at.STATIC_ALPHA + n] = alpha
            return statics
    i[at.STATIC + statics] = shape
    s[at.STATIC_ALPHA + statics] = alpha
    return statics + ONE_COUNT


@routine
def enlist(i, n, body, slot):
    """Constraint n of the sub-island."""
    i[n * at.C_SIZE + at.C_BODY], i[n * at.C_SIZE + at.C_SLOT] = body, slot


@routine
def gather_island(traits, f, k, fo, ko, s, i, statics, best, alpha, shapes, corners, first):
    """The triggering contact, then the body's other touching contacts, newest first: (number of
    contacts, stored shape times).

    0 contacts if the triggering one does not touch.
    """
    body, n, contacts = (
        k[ko + at.SLOT + best * at.SLOT_SIZE + at.OWNER],
        ZERO_COUNT,
        np.int64(k[ko + at.CONTACTS]),
    )
    for position in range(contacts, -1, -1):
        slot = best if position == contacts else np.int64(k[ko + at.ORDER + position])
        g = ko + at.SLOT + slot * at.SLOT_SIZE
        if (position < contacts) & ((k[g + at.OWNER] != body) | (slot == best)):
            continue
        if n == MAX_TOI_CONTACTS:
            break
        update_contact(traits, f, k, fo, ko, slot, shapes, corners, first)
        if k[g + at.TOUCHING] == at.YES:
            statics = set_static_alpha(s, i, statics, np.int64(k[g + at.SHAPE]), alpha)
            enlist(i, n, body, slot)
            n += ONE_COUNT
        elif slot == best:
            break
    return n, statics


@inline
def keep(s, contacts, v):
    """Store a snapshot of the velocity and the impulses."""
    s[at.KEPT], s[at.KEPT + 1], s[at.KEPT + 2] = s[v], s[v + 1], s[v + 2]
    for n in range(contacts):
        q, kept = at.CONSTRAINT_C + n * at.CONSTRAINT_C_SIZE, at.KEPT + 3 + 4 * n
        s[kept], s[kept + 1], s[kept + 2], s[kept + 3] = (
            s[q + at.S0],
            s[q + at.S1],
            s[q + at.U0],
            s[q + at.U1],
        )


@inline
def as_kept(s, contacts, v):
    """Whether the velocity and the impulses equal the snapshot."""
    same = (s[at.KEPT] == s[v]) & (s[at.KEPT + 1] == s[v + 1]) & (s[at.KEPT + 2] == s[v + 2])
    for n in range(contacts):
        q, kept = at.CONSTRAINT_C + n * at.CONSTRAINT_C_SIZE, at.KEPT + 3 + 4 * n
        same &= (s[kept] == s[q + at.S0]) & (s[kept + 1] == s[q + at.S1])
        same &= (s[kept + 2] == s[q + at.U0]) & (s[kept + 3] == s[q + at.U1])
    return same


@routine
def sweep_velocities(s, i, contacts, v, iterations):
    """Velocity sweeps over the sub-island.

    Most converge, or enter a short cycle of states. When the snapshot recurs, whole cycles of the
    remaining sweeps have no effect, and only the remainder is computed.
    """
    left, since = iterations, ZERO_COUNT
    keep(s, contacts, v)
    while left > ZERO_COUNT:
        for n in range(contacts):
            contact_velocity(s, i, n)
        left -= ONE_COUNT
        since += ONE_COUNT
        if as_kept(s, contacts, v):
            left %= since
        if since == TURN:
            since = ZERO_COUNT
            keep(s, contacts, v)


@routine
def solve_island(traits, f, k, fo, ko, s, i, contacts, body, alpha, iterations):
    """b2Island::SolveTOI: one body and its contacts, for the rest of the step."""
    b, v = fo + body * at.BODY_SIZE, at.BODY_V + 3 * body
    s[v], s[v + 1], s[v + 2] = f[b + at.CX], f[b + at.CY], f[b + at.A]
    for _ in range(POSITION_ITERATIONS):
        if position_contacts(traits, f, k, fo, ko, s, i, contacts, TOI_BAUMGARTE) >= DEEPEST:
            break
    x, y, a = s[v], s[v + 1], s[v + 2]
    f[b + at.C0X], f[b + at.C0Y], f[b + at.A0] = x, y, a
    sine, cosine = sincos(a)
    for n in range(contacts):
        slot = np.int64(i[n * at.C_SIZE + at.C_SLOT])
        load_contact(traits, f, k, fo, ko, s, i, n, slot, x, y, sine, cosine, ZERO)
    s[v], s[v + 1], s[v + 2] = f[b + at.VX], f[b + at.VY], f[b + at.W]
    sweep_velocities(s, i, contacts, v, iterations)
    f[b + at.CX], f[b + at.CY], f[b + at.A], f[b + at.VX], f[b + at.VY], f[b + at.W] = integrate(
        x, y, a, s[v], s[v + 1], s[v + 2], (ONE - alpha) * STEP
    )
