"""Continuous collision (b2World::SolveTOI): a body that would pass into the terrain is stopped where it touches.

Only bodies against terrain are looked at, each with its own contacts and without joints. Order matters: the smallest
time wins, ties go to the newest contact, and asking for a contact's time may advance the sweep of its body or of its
terrain shape, which keeps its own clock within the step (STATIC, STATIC_ALPHA in scratch).
Differs from Box2D: a contact whose body stays clear of the shape for the whole sweep is found by a cheap conservative
test, not by GJK; the outcome is the same. A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew:
an altered version.
"""

from __future__ import annotations

import numpy as np

from . import state as at
from .body import CENTER, COUNT, VERTEX
from .broadphase import find_new_contacts, move_proxy, pose_box, sweep_box, synchronize_transform, tight_box
from .constraints import contact_velocity, load_contact, position_contacts
from .contact import update_contact
from .impact import time_of_impact
from .jit import inline, routine
from .math import EPSILON, LARGEST, ONE, ZERO, maximum, minimum, place, rotate
from .settings import LINEAR_SLOP, MAX_SUB_STEPS, MAX_TOI_CONTACTS, STEP, TOI_BAUMGARTE
from .sincos import sincos
from .solver import integrate

LATEST = ONE - np.float32(10.0) * EPSILON
DEEPEST = np.float32(-1.5) * LINEAR_SLOP
POSITION_ITERATIONS = np.int64(20)
ONE_COUNT, NOBODY, HULL = np.int64(1), np.int64(-1), np.int64(0)
EDGE = np.int32(2)
CLEAR = np.float32(0.008)  # impact counts below 0.00625 between the shapes without skins [m]
BULGE = np.float32(0.125)  # a turning corner leaves the chord of its ends by at most reach * turn^2 / 8
MOST_TURN = np.float32(1.0)
REACH = np.array(
    [np.sqrt(((VERTEX[b, : COUNT[b]] - CENTER[b]) ** 2).sum(1)).max() * 1.01 for b in range(5)], np.float32
)  # of the farthest corner from the centre of mass [m]


@routine
def refresh_sweep(f, b, body):
    """The pose at the sweep's start and the box of the whole sweep, after a change of the sweep."""
    sine, cosine = sincos(f[b + at.A0])
    rx, ry = rotate(sine, cosine, CENTER[body, 0], CENTER[body, 1])
    px, py = f[b + at.C0X] - rx, f[b + at.C0Y] - ry
    f[b + at.STARTS], f[b + at.STARTC], f[b + at.STARTX], f[b + at.STARTY] = sine, cosine, px, py
    lx, ly, ux, uy = pose_box(body, sine, cosine, px, py)
    sweep_box(f, b, lx, ly, ux, uy)


@routine
def stays_clear(f, b, body, shapes, e, count):
    """True if the body cannot come within CLEAR of the shape during its sweep. False means nothing."""
    turn = f[b + at.A] - f[b + at.A0]
    if not (abs(turn) < MOST_TURN):
        return False
    bulge = BULGE * REACH[body] * turn * turn
    box, other = b + at.SWEPT, e + at.SHAPE_TIGHT
    if (f[box] - shapes[other + 2] > bulge) | (shapes[other] - f[box + 2] > bulge):
        return True
    if (f[box + 1] - shapes[other + 3] > bulge) | (shapes[other + 1] - f[box + 3] > bulge):
        return True
    sine, cosine, px, py = f[b + at.STARTS], f[b + at.STARTC], f[b + at.STARTX], f[b + at.STARTY]
    faces = ONE_COUNT if count == EDGE else count
    for face in range(faces):
        x1, y1 = shapes[e + 2 * face], shapes[e + 2 * face + 1]
        nx, ny = shapes[e + at.SHAPE_NORMAL + 2 * face], shapes[e + at.SHAPE_NORMAL + 2 * face + 1]
        low, high = LARGEST, -LARGEST
        for i in range(COUNT[body]):
            x, y = place(sine, cosine, px, py, VERTEX[body, i, 0], VERTEX[body, i, 1])
            start = (x - x1) * nx + (y - y1) * ny
            end = (f[b + at.CORNER + 2 * i] - x1) * nx + (f[b + at.CORNER + 2 * i + 1] - y1) * ny
            low, high = minimum(low, minimum(start, end)), maximum(high, maximum(start, end))
        if low > CLEAR + bulge:
            return True
        if (count == EDGE) & (high < -(CLEAR + bulge)):
            return True
    return False


@routine
def static_alpha(s, i, statics, shape):
    """How far the sweep of a terrain shape was advanced in this step, as a share of the step."""
    for n in range(statics):
        if i[at.STATIC + n] == shape:
            return s[at.STATIC_ALPHA + n]
    return ZERO


@routine
def set_static_alpha(s, i, statics, shape, alpha):
    """Keep a terrain shape's clock; how many clocks are kept now."""
    for n in range(statics):
        if i[at.STATIC + n] == shape:
            s[at.STATIC_ALPHA + n] = alpha
            return statics
    i[at.STATIC + statics] = shape
    s[at.STATIC_ALPHA + statics] = alpha
    return statics + ONE_COUNT


@routine
def advance_sweep(f, b, alpha):
    """b2Sweep::Advance: the sweep starts at `alpha` from now on."""
    beta = (alpha - f[b + at.ALPHA]) / (ONE - f[b + at.ALPHA])
    rest = ONE - beta
    f[b + at.C0X] = rest * f[b + at.C0X] + beta * f[b + at.CX]
    f[b + at.C0Y] = rest * f[b + at.C0Y] + beta * f[b + at.CY]
    f[b + at.A0] = rest * f[b + at.A0] + beta * f[b + at.A]
    f[b + at.ALPHA] = alpha


@routine
def contact_time(f, k, fo, s, i, g, statics, shapes, corners, first, cull):
    """When the contact's body touches its shape, as a share of the step, 1 if it does not; and the clocks kept."""
    body, shape = np.int64(k[g + at.OWNER]), np.int64(k[g + at.SHAPE])
    b, e, count = fo + body * at.BODY_SIZE, (first + shape) * at.SHAPE_SIZE, np.int64(corners[first + shape])
    mine, its = f[b + at.ALPHA], static_alpha(s, i, statics, shape)
    start = its
    if its < mine:
        start = mine
        statics = set_static_alpha(s, i, statics, shape, mine)
    elif mine < its:
        advance_sweep(f, b, its)
        refresh_sweep(f, b, body)
    if (cull == ONE_COUNT) and stays_clear(f, b, body, shapes, e, count):
        return ONE, statics
    touching, share = time_of_impact(f, b, body, s, i, shapes, e, count)
    return (minimum(start + (ONE - start) * share, ONE) if touching else ONE), statics


@routine
def first_event(f, k, fo, ko, s, i, statics, shapes, corners, first, cull):
    """The contact that is touched first: (slot or -1, time as a share of the step, clocks kept)."""
    best, least = NOBODY, ONE
    for position in range(np.int64(k[ko + at.CONTACTS]) - 1, -1, -1):
        slot = np.int64(k[ko + at.ORDER + position])
        g, c = ko + at.SLOT + slot * at.SLOT_SIZE, fo + at.CONTACT + slot * at.CONTACT_SIZE
        if (k[g + at.ENABLED] == at.NO) | (k[g + at.EVENTS] > MAX_SUB_STEPS):
            continue
        if k[g + at.TIMED] == at.NO:
            if k[ko + at.AWAKE + k[g + at.OWNER]] == at.NO:
                continue
            f[c + at.TOI], statics = contact_time(f, k, fo, s, i, g, statics, shapes, corners, first, cull)
            k[g + at.TIMED] = at.YES
        if f[c + at.TOI] < least:
            best, least = slot, f[c + at.TOI]
    return best, least, statics


@routine
def enlist(i, n, body, slot):
    """Constraint n of the sub-island."""
    i[n * at.C_SIZE + at.C_BODY], i[n * at.C_SIZE + at.C_SLOT] = body, slot


@routine
def gather_island(f, k, fo, ko, s, i, statics, best, alpha, shapes, corners, first):
    """The triggering contact, then the body's other touching contacts, newest first: (how many, clocks kept)."""
    body = k[ko + at.SLOT + best * at.SLOT_SIZE + at.OWNER]
    enlist(i, HULL, body, best)
    n = ONE_COUNT
    for position in range(np.int64(k[ko + at.CONTACTS]) - 1, -1, -1):
        slot = np.int64(k[ko + at.ORDER + position])
        g = ko + at.SLOT + slot * at.SLOT_SIZE
        if (k[g + at.OWNER] != body) | (slot == best):
            continue
        if n == MAX_TOI_CONTACTS:
            break
        update_contact(f, k, fo, ko, slot, shapes, corners, first)
        if k[g + at.TOUCHING] == at.YES:
            statics = set_static_alpha(s, i, statics, np.int64(k[g + at.SHAPE]), alpha)
            enlist(i, n, body, slot)
            n += ONE_COUNT
    return n, statics


@routine
def sweep_velocities(s, i, contacts, v, iterations):
    """Velocity sweeps over the sub-island; ends early where nothing changes any more, which changes no result."""
    for _ in range(iterations):
        vx, vy, w, same = s[v], s[v + 1], s[v + 2], True
        for n in range(contacts):
            q = at.CONSTRAINT_C + n * at.CONSTRAINT_C_SIZE
            s0, s1, u0, u1 = s[q + at.S0], s[q + at.S1], s[q + at.U0], s[q + at.U1]
            contact_velocity(s, i, n)
            same &= (s0 == s[q + at.S0]) & (s1 == s[q + at.S1]) & (u0 == s[q + at.U0]) & (u1 == s[q + at.U1])
        if same & (vx == s[v]) & (vy == s[v + 1]) & (w == s[v + 2]):
            break


@routine
def solve_island(f, k, fo, ko, s, i, contacts, body, alpha, iterations):
    """b2Island::SolveTOI: one body and its contacts, for the rest of the step."""
    b, v = fo + body * at.BODY_SIZE, at.BODY_V + 3 * body
    s[v], s[v + 1], s[v + 2] = f[b + at.CX], f[b + at.CY], f[b + at.A]
    for _ in range(POSITION_ITERATIONS):
        if position_contacts(f, k, fo, ko, s, i, contacts, TOI_BAUMGARTE) >= DEEPEST:
            break
    x, y, a = s[v], s[v + 1], s[v + 2]
    f[b + at.C0X], f[b + at.C0Y], f[b + at.A0] = x, y, a
    sine, cosine = sincos(a)
    for n in range(contacts):
        slot = np.int64(i[n * at.C_SIZE + at.C_SLOT])
        load_contact(f, k, fo, ko, s, i, n, slot, x, y, sine, cosine, ZERO)
    s[v], s[v + 1], s[v + 2] = f[b + at.VX], f[b + at.VY], f[b + at.W]
    sweep_velocities(s, i, contacts, v, iterations)
    f[b + at.CX], f[b + at.CY], f[b + at.A], f[b + at.VX], f[b + at.VY], f[b + at.W] = integrate(
        x, y, a, s[v], s[v + 1], s[v + 2], (ONE - alpha) * STEP
    )


@routine
def move_body(f, k, ko, b, body):
    """b2Body::SynchronizeFixtures after an event; the times of the body's contacts are no longer valid."""
    synchronize_transform(f, b, body)
    tight_box(f, b, body)
    refresh_sweep(f, b, body)
    if move_proxy(f, b, f[b + at.PX] - f[b + at.STARTX], f[b + at.PY] - f[b + at.STARTY]):
        k[ko + at.MOVED + body] = at.YES
    for position in range(np.int64(k[ko + at.CONTACTS])):
        g = ko + at.SLOT + np.int64(k[ko + at.ORDER + position]) * at.SLOT_SIZE
        if k[g + at.OWNER] == body:
            k[g + at.TIMED] = at.NO


@routine
def handle_event(f, k, fo, ko, s, i, statics, slot, alpha, shapes, corners, first, iterations):
    """Advance the contact's body to the event and solve the rest of its step: (did it touch?, clocks kept)."""
    g = ko + at.SLOT + slot * at.SLOT_SIZE
    body, shape = np.int64(k[g + at.OWNER]), np.int64(k[g + at.SHAPE])
    b = fo + body * at.BODY_SIZE
    c0x, c0y, a0 = f[b + at.C0X], f[b + at.C0Y], f[b + at.A0]
    cx, cy, a = f[b + at.CX], f[b + at.CY], f[b + at.A]
    mine, its = f[b + at.ALPHA], static_alpha(s, i, statics, shape)
    statics = set_static_alpha(s, i, statics, shape, alpha)
    advance_sweep(f, b, alpha)
    f[b + at.CX], f[b + at.CY], f[b + at.A] = f[b + at.C0X], f[b + at.C0Y], f[b + at.A0]
    synchronize_transform(f, b, body)
    update_contact(f, k, fo, ko, slot, shapes, corners, first)
    k[g + at.TIMED] = at.NO
    k[g + at.EVENTS] += at.YES
    if k[g + at.TOUCHING] == at.NO:
        k[g + at.ENABLED] = at.NO
        f[b + at.C0X], f[b + at.C0Y], f[b + at.A0], f[b + at.ALPHA] = c0x, c0y, a0, mine
        f[b + at.CX], f[b + at.CY], f[b + at.A] = cx, cy, a
        synchronize_transform(f, b, body)
        return False, set_static_alpha(s, i, statics, shape, its)
    contacts, statics = gather_island(f, k, fo, ko, s, i, statics, slot, alpha, shapes, corners, first)
    solve_island(f, k, fo, ko, s, i, contacts, body, alpha, iterations)
    move_body(f, k, ko, b, body)
    return True, statics


@inline
def clear_times(f, k, fo, ko):
    for body in range(np.int64(5)):
        f[fo + body * at.BODY_SIZE + at.ALPHA] = ZERO
    for position in range(np.int64(k[ko + at.CONTACTS])):
        slot = np.int64(k[ko + at.ORDER + position])
        g = ko + at.SLOT + slot * at.SLOT_SIZE
        k[g + at.TIMED], k[g + at.EVENTS] = at.NO, at.NO


def toi_rows(rows, f, k, shapes, corners, tracks, events, s, i, iterations, cull):
    """Kernel: continuous collision of each row, new contacts included. cull: 0 leaves out the cheap test."""
    for row in rows:
        fo, ko, eo = row * at.FLOATS, row * at.INTEGERS, row * at.EVENT_COUNT
        if k[ko + at.FAULT] != at.HEALTHY:
            continue
        track = np.int64(k[ko + at.TRACK]) * 3
        first, polygons, edges = tracks[track], tracks[track + 1], tracks[track + 2]
        clear_times(f, k, fo, ko)
        statics = np.int64(0)
        while True:
            slot, alpha, statics = first_event(f, k, fo, ko, s, i, statics, shapes, corners, first, cull)
            if (slot < 0) | (alpha > LATEST) | (k[ko + at.FAULT] != at.HEALTHY):
                break
            touched, statics = handle_event(
                f, k, fo, ko, s, i, statics, slot, alpha, shapes, corners, first, iterations
            )
            if touched:
                events[eo + at.COUNT_TOI] += 1
                find_new_contacts(f, k, fo, ko, shapes, first, polygons, edges)
