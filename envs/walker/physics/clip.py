"""Clipping and feature ids of contact manifolds (b2ClipSegmentToLine, b2ContactID).

A feature id is one int32: index A, index B, type A, type B, a byte each. The terrain is shape A and
never moves, the walker's body is shape B. A port of Box2D 2.3's algorithms (Erin Catto, zlib
licence), written anew: an altered version.
"""

from __future__ import annotations

import numpy as np

from . import state as at
from .jit import inline, routine
from .math import ZERO, unplace

B_SHIFT, TYPE_A_SHIFT, TYPE_B_SHIFT = np.int64(8), np.int64(16), np.int64(24)
CLIPPED = np.int64(1) << TYPE_B_SHIFT  # type A vertex, type B face
FACE_OF_A = np.int64(1) << TYPE_A_SHIFT  # type A face, type B vertex
BYTE = np.int64(255)
NONE, ONE_POINT = np.int64(0), np.int64(1)


@inline
def swapped(key):
    """The feature id with the roles of A and B exchanged."""
    a, b = key & BYTE, (key >> B_SHIFT) & BYTE
    ta, tb = (key >> TYPE_A_SHIFT) & BYTE, (key >> TYPE_B_SHIFT) & BYTE
    return b | (a << B_SHIFT) | (tb << TYPE_A_SHIFT) | (ta << TYPE_B_SHIFT)


@routine
def clip(ax, ay, ka, bx, by, kb, nx, ny, offset, vertex):
    """b2ClipSegmentToLine: (both points left?, point, id, point, id)."""
    da = (nx * ax + ny * ay) - offset
    db = (nx * bx + ny * by) - offset
    if (da <= ZERO) & (db <= ZERO):
        return True, ax, ay, ka, bx, by, kb
    if not (da * db < ZERO):
        return False, ax, ay, ka, bx, by, kb
    share = da / (da - db)
    x, y = ax + share * (bx - ax), ay + share * (by - ay)
    key = vertex | (((ka >> B_SHIFT) & BYTE) << B_SHIFT) | CLIPPED
    if da <= ZERO:
        return True, ax, ay, ka, x, y, key
    return True, bx, by, kb, x, y, key


@inline
def store_point(f, k, c, i, n, x, y, key, pose):
    """Keep a clipped point as point n of the contact c, i: in the frame of the shape that was
    clipped.
    """
    on_body = k[i + at.KIND] == at.FACE_A
    lx, ly = unplace(pose[0], pose[1], pose[2], pose[3], x, y) if on_body else (x, y)
    f[c + at.P0X + 2 * n], f[c + at.P0Y + 2 * n] = lx, ly
    k[i + at.KEY0 + n] = key if on_body else swapped(key)
