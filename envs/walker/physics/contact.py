"""Updates of contacts (b2Contact::Update, b2ContactManager::Collide) and the walker's contact
listener.

Gymnasium's listener ends the episode when the hull begins to touch, and has one flag per lower leg:
set by any begin, cleared by any end, even if another contact of that leg still touches. A port of
Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an altered version.
"""

from __future__ import annotations

import numpy as np

from . import state as at
from .broadphase import overlap, remove_contact
from .collide_edge import edge_manifold
from .collide_polygon import polygon_manifold
from .jit import routine
from .math import ZERO

HULL_BODY, LOWER_0, LOWER_1 = np.int32(0), np.int32(2), np.int32(4)
EDGE = np.int32(2)  # corners of an edge
TWO = np.int32(2)
NO_POINTS = np.int64(0)
# boxes further apart than this have no manifold: 0.02 sqrt(2) plus a margin for rounding [m]
FAR = np.float32(0.05)


@routine
def begin_contact(k, ko, body):
    if body == HULL_BODY:
        k[ko + at.GAME_OVER] = at.YES
    if body == LOWER_0:
        k[ko + at.GROUND_0] = at.YES
    if body == LOWER_1:
        k[ko + at.GROUND_1] = at.YES


@routine
def end_contact(k, ko, body):
    if body == LOWER_0:
        k[ko + at.GROUND_0] = at.NO
    if body == LOWER_1:
        k[ko + at.GROUND_1] = at.NO


@routine
def manifold(traits, f, k, fo, c, i, shapes, corners, first):
    """Write the current manifold of the contact c, i; its number of points."""
    body = np.int64(k[i + at.OWNER])
    shape = first + np.int64(k[i + at.SHAPE])
    b = fo + body * at.BODY_SIZE
    if corners[shape] == EDGE:
        return edge_manifold(traits, f, k, b, body, shapes, shape * at.SHAPE_SIZE, c, i)
    return polygon_manifold(
        traits, f, k, b, body, shapes, shape * at.SHAPE_SIZE, np.int64(corners[shape]), c, i
    )


@routine
def far_apart(f, b, shapes, e):
    """True if the tight boxes of a body and a shape, skins included, are FAR apart."""
    box, other = b + at.TIGHT, e + at.SHAPE_TIGHT
    return (
        (f[box] - shapes[other + 2] > FAR)
        | (f[box + 1] - shapes[other + 3] > FAR)
        | (shapes[other] - f[box + 2] > FAR)
        | (shapes[other + 1] - f[box + 3] > FAR)
    )


@routine
def take_points(k, ko, i, n):
    """The end of b2Contact::Update for a contact with n points now; calls the listener if it began
    or ended.
    """
    body = k[i + at.OWNER]
    k[i + at.ENABLED] = at.YES
    was = k[i + at.TOUCHING] == at.YES
    k[i + at.POINTS] = n
    touching = n > 0
    k[i + at.TOUCHING] = at.YES if touching else at.NO
    if touching and not was:
        begin_contact(k, ko, body)
    if was and not touching:
        end_contact(k, ko, body)


@routine
def update_contact(traits, f, k, fo, ko, slot, shapes, corners, first):
    """b2Contact::Update of one contact: its manifold at the body's current pose."""
    i = ko + at.SLOT + slot * at.SLOT_SIZE
    c = fo + at.CONTACT + slot * at.CONTACT_SIZE
    old, key0, key1 = k[i + at.POINTS], k[i + at.KEY0], k[i + at.KEY1]
    n0, n1, t0, t1 = f[c + at.NI0], f[c + at.NI1], f[c + at.TI0], f[c + at.TI1]
    n = manifold(traits, f, k, fo, c, i, shapes, corners, first)
    for p in range(n):
        key = k[i + at.KEY0 + p]
        normal, tangent = ZERO, ZERO
        if (old > 0) & (key == key0):
            normal, tangent = n0, t0
        elif (old > 1) & (key == key1):
            normal, tangent = n1, t1
        f[c + at.NI0 + p], f[c + at.TI0 + p] = normal, tangent
    take_points(k, ko, i, n)


@routine
def collide(traits, f, k, fo, ko, shapes, corners, first, polygons, events, eo):
    """b2ContactManager::Collide: remove contacts whose fat boxes are apart, update the others,
    newest first.
    """
    position = np.int64(k[ko + at.CONTACTS]) - 1
    while position >= 0:
        slot = np.int64(k[ko + at.ORDER + position])
        i = ko + at.SLOT + slot * at.SLOT_SIZE
        shape = first + np.int64(k[i + at.SHAPE])
        b = fo + np.int64(k[i + at.OWNER]) * at.BODY_SIZE
        e = shape * at.SHAPE_SIZE
        if not overlap(f, b + at.FAT, shapes, e + at.SHAPE_FAT):
            if k[i + at.TOUCHING] == at.YES:
                end_contact(k, ko, k[i + at.OWNER])
            remove_contact(k, ko, position)
        elif far_apart(f, b, shapes, e):
            take_points(k, ko, i, NO_POINTS)
        else:
            update_contact(traits, f, k, fo, ko, slot, shapes, corners, first)
            if k[i + at.TOUCHING] == at.YES:
                events[eo + at.COUNT_POLYGON] += k[i + at.SHAPE] < polygons
                events[eo + at.COUNT_TWO_POINT] += k[i + at.POINTS] == TWO
        position -= 1
