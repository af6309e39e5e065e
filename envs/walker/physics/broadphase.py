"""Boxes and pairs (b2BroadPhase, b2DynamicTree, b2Fixture::Synchronize): existence and age of
contacts.

A body has a fat box, updated only when its tight box leaves it. A contact exists exactly while fat
boxes overlap. Pairs found in the same step are created in order of (terrain shape, body), as by
Box2D's sorted pair buffer in a new world; the tree itself is not needed. A port of Box2D 2.3's
algorithms (Erin Catto, zlib licence), written anew: an altered version.
"""

from __future__ import annotations

import numpy as np

from . import state as at
from .body import COUNT, NORMAL
from .jit import inline, routine
from .math import ZERO, maximum, minimum, place, rotate
from .settings import AABB_EXTENSION, AABB_MULTIPLIER, POLYGON_RADIUS
from .sincos import sincos
from .traits import center, vertex

FIVE = np.int64(5)
BODY_SIZE = at.BODY_SIZE


@inline
def overlap(f, a, g, b):
    """Do the boxes f[a:a+4] and g[b:b+4] overlap? Touching counts."""
    apart = (g[b] > f[a + 2]) | (g[b + 1] > f[a + 3]) | (f[a] > g[b + 2]) | (f[a + 1] > g[b + 3])
    return not apart


@routine
def pose_box(traits, body, s, c, px, py):
    """The box of a walker's body at a pose, with its skin: lower x, lower y, upper x, upper y."""
    lx, ly = place(s, c, px, py, *vertex(traits, body, np.int64(0)))
    ux, uy = lx, ly
    for i in range(np.int64(1), COUNT[body]):
        x, y = place(s, c, px, py, *vertex(traits, body, i))
        lx, ly, ux, uy = minimum(lx, x), minimum(ly, y), maximum(ux, x), maximum(uy, y)
    return lx - POLYGON_RADIUS, ly - POLYGON_RADIUS, ux + POLYGON_RADIUS, uy + POLYGON_RADIUS


@routine
def synchronize_transform(traits, f, b, body):
    """b2Body::SynchronizeTransform, and corners and normals in the world frame."""
    s, c = sincos(f[b + at.A])
    rx, ry = rotate(s, c, *center(traits, body))
    px, py = f[b + at.CX] - rx, f[b + at.CY] - ry
    f[b + at.QS], f[b + at.QC], f[b + at.PX], f[b + at.PY] = s, c, px, py
    place_corners(traits, f, b, body)


@routine
def place_corners(traits, f, b, body):
    s, c, px, py = f[b + at.QS], f[b + at.QC], f[b + at.PX], f[b + at.PY]
    for i in range(COUNT[body]):
        x, y = place(s, c, px, py, *vertex(traits, body, i))
        nx, ny = rotate(s, c, NORMAL[body, i, 0], NORMAL[body, i, 1])
        f[b + at.CORNER + 2 * i], f[b + at.CORNER + 2 * i + 1] = x, y
        f[b + at.WORLD_NORMAL + 2 * i], f[b + at.WORLD_NORMAL + 2 * i + 1] = nx, ny


@routine
def tight_box(f, b, body):
    """TIGHT from the corners in the world frame; equal to pose_box of the same pose."""
    corner = b + at.CORNER
    lx, ly = f[corner], f[corner + 1]
    ux, uy = lx, ly
    for i in range(np.int64(1), COUNT[body]):
        x, y = f[corner + 2 * i], f[corner + 2 * i + 1]
        lx, ly, ux, uy = minimum(lx, x), minimum(ly, y), maximum(ux, x), maximum(uy, y)
    f[b + at.TIGHT], f[b + at.TIGHT + 1] = lx - POLYGON_RADIUS, ly - POLYGON_RADIUS
    f[b + at.TIGHT + 2], f[b + at.TIGHT + 3] = ux + POLYGON_RADIUS, uy + POLYGON_RADIUS


@routine
def move_proxy(f, b, dx, dy):
    """b2DynamicTree::MoveProxy of the SWEPT box: True if the fat box was updated."""
    fat, box = b + at.FAT, b + at.SWEPT
    inside = (
        (f[fat] <= f[box])
        & (f[fat + 1] <= f[box + 1])
        & (f[box + 2] <= f[fat + 2])
        & (f[box + 3] <= f[fat + 3])
    )
    if inside:
        return False
    f[fat], f[fat + 1] = f[box] - AABB_EXTENSION, f[box + 1] - AABB_EXTENSION
    f[fat + 2], f[fat + 3] = f[box + 2] + AABB_EXTENSION, f[box + 3] + AABB_EXTENSION
    dx, dy = AABB_MULTIPLIER * dx, AABB_MULTIPLIER * dy
    if dx < ZERO:
        f[fat] += dx
    else:
        f[fat + 2] += dx
    if dy < ZERO:
        f[fat + 1] += dy
    else:
        f[fat + 3] += dy
    return True


@inline
def sweep_box(f, b, lx, ly, ux, uy):
    """SWEPT: the box of the sweep's start joined with TIGHT."""
    box, tight = b + at.SWEPT, b + at.TIGHT
    f[box], f[box + 1] = minimum(lx, f[tight]), minimum(ly, f[tight + 1])
    f[box + 2], f[box + 3] = maximum(ux, f[tight + 2]), maximum(uy, f[tight + 3])


@routine
def first_reaching(shapes, low, high, x):
    """The first shape in [low, high) whose REACH_RIGHT is x or more."""
    while low < high:
        middle = (low + high) >> np.int64(1)
        if shapes[middle * at.SHAPE_SIZE + at.REACH_RIGHT] < x:
            low = middle + np.int64(1)
        else:
            high = middle
    return low


@routine
def add_contact(f, k, fo, ko, shape, body):
    """Add a contact as the newest. Sets the fault OVERFLOW if no slot is free."""
    n = k[ko + at.CONTACTS]
    if n >= at.SLOTS:
        k[ko + at.FAULT] = at.OVERFLOW
        return
    slot = np.int64(k[ko + at.ORDER + n])
    k[ko + at.CONTACTS] = n + 1
    i = ko + at.SLOT + slot * at.SLOT_SIZE
    k[i + at.SHAPE], k[i + at.OWNER] = shape, body
    k[i + at.TOUCHING], k[i + at.ENABLED], k[i + at.TIMED], k[i + at.EVENTS] = (
        at.NO,
        at.YES,
        at.NO,
        at.NO,
    )
    k[i + at.POINTS] = at.NO
    k[ko + at.AWAKE + body] = at.YES


@routine
def remove_contact(k, ko, position):
    """Remove the contact at a position of the order; its slot becomes the first free one."""
    n = np.int64(k[ko + at.CONTACTS]) - 1
    order = ko + at.ORDER
    slot = k[order + position]
    for i in range(position, n):
        k[order + i] = k[order + i + 1]
    k[order + n] = slot
    k[ko + at.CONTACTS] = n


@inline
def has_contact(k, ko, shape, body):
    """Whether there is a contact of this shape and this body."""
    for i in range(np.int64(k[ko + at.CONTACTS])):
        slot = ko + at.SLOT + np.int64(k[ko + at.ORDER + i]) * at.SLOT_SIZE
        if (k[slot + at.SHAPE] == shape) & (k[slot + at.OWNER] == body):
            return True
    return False


@routine
def find_in(f, k, fo, ko, shapes, first, low, high):
    """New pairs of the moved bodies with the shapes first + [low, high)."""
    left, right = np.float32(np.inf), np.float32(-np.inf)
    for body in range(FIVE):
        if k[ko + at.MOVED + body] == at.YES:
            b = fo + body * BODY_SIZE
            left, right = minimum(left, f[b + at.FAT]), maximum(right, f[b + at.FAT + 2])
    for shape in range(first_reaching(shapes, first + low, first + high, left), first + high):
        box = shape * at.SHAPE_SIZE
        if shapes[box + at.REACH_LEFT] > right:
            break
        for body in range(FIVE):
            if k[ko + at.MOVED + body] == at.YES:
                near = overlap(f, fo + body * BODY_SIZE + at.FAT, shapes, box + at.SHAPE_FAT)
                if near and not has_contact(k, ko, shape - first, body):
                    add_contact(f, k, fo, ko, shape - first, body)


@routine
def find_new_contacts(f, k, fo, ko, shapes, first, polygons, edges):
    """b2ContactManager::FindNewContacts for the bodies marked MOVED; the marks are cleared."""
    moved = at.NO
    for body in range(FIVE):
        moved |= k[ko + at.MOVED + body]
    if moved == at.YES:
        low, high = np.int64(0), polygons
        while low < polygons + edges:  # first the polygons, then the edges
            find_in(f, k, fo, ko, shapes, first, low, high)
            low, high = high, polygons + edges
        for body in range(FIVE):
            k[ko + at.MOVED + body] = at.NO
