"""The sweep of a body during a step (b2Sweep), and a conservative test that it stays clear of a
terrain shape.

A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew:
an altered version.
"""

from __future__ import annotations

import numpy as np

from . import state as at
from .body import COUNT
from .broadphase import pose_box, sweep_box
from .jit import routine
from .math import LARGEST, ONE, maximum, minimum, place, rotate
from .sincos import sincos
from .traits import center, vertex

EDGE, ONE_FACE = np.int64(2), np.int64(1)
CLEAR = np.float32(0.008)  # impact counts below 0.00625 between the shapes without skins [m]
# a turning corner leaves the chord of its ends by at most reach * turn^2 / 8
BULGE = np.float32(0.125)
MOST_TURN = np.float32(1.0)


@routine
def refresh_sweep(traits, f, b, body):
    """Update the pose at the sweep's start and the box of the sweep after the sweep changed."""
    sine, cosine = sincos(f[b + at.A0])
    rx, ry = rotate(sine, cosine, *center(traits, body))
    px, py = f[b + at.C0X] - rx, f[b + at.C0Y] - ry
    f[b + at.STARTS], f[b + at.STARTC], f[b + at.STARTX], f[b + at.STARTY] = sine, cosine, px, py
    lx, ly, ux, uy = pose_box(traits, body, sine, cosine, px, py)
    sweep_box(f, b, lx, ly, ux, uy)


@routine
def stays_clear(traits, f, b, body, shapes, e, count):
    """True if the body cannot come within CLEAR of the shape during its sweep. False is
    inconclusive.
    """
    turn = f[b + at.A] - f[b + at.A0]
    if not (abs(turn) < MOST_TURN):
        return False
    bulge = BULGE * traits[at.REACH + body] * turn * turn
    box, other = b + at.SWEPT, e + at.SHAPE_TIGHT
    if (f[box] - shapes[other + 2] > bulge) | (shapes[other] - f[box + 2] > bulge):
        return True
    if (f[box + 1] - shapes[other + 3] > bulge) | (shapes[other + 1] - f[box + 3] > bulge):
        return True
    sine, cosine, px, py = f[b + at.STARTS], f[b + at.STARTC], f[b + at.STARTX], f[b + at.STARTY]
    faces = ONE_FACE if count == EDGE else count
    for face in range(faces):
        x1, y1 = shapes[e + 2 * face], shapes[e + 2 * face + 1]
        nx, ny = shapes[e + at.SHAPE_NORMAL + 2 * face], shapes[e + at.SHAPE_NORMAL + 2 * face + 1]
        low, high = LARGEST, -LARGEST
        for i in range(COUNT[body]):
            x, y = place(sine, cosine, px, py, *vertex(traits, body, i))
            start = (x - x1) * nx + (y - y1) * ny
            end = (f[b + at.CORNER + 2 * i] - x1) * nx + (f[b + at.CORNER + 2 * i + 1] - y1) * ny
            low, high = minimum(low, minimum(start, end)), maximum(high, maximum(start, end))
        if low > CLEAR + bulge:
            return True
        if (count == EDGE) & (high < -(CLEAR + bulge)):
            return True
    return False


@routine
def advance_sweep(f, b, alpha):
    """b2Sweep::Advance: the sweep starts at `alpha` from now on."""
    beta = (alpha - f[b + at.ALPHA]) / (ONE - f[b + at.ALPHA])
    rest = ONE - beta
    f[b + at.C0X] = rest * f[b + at.C0X] + beta * f[b + at.CX]
    f[b + at.C0Y] = rest * f[b + at.C0Y] + beta * f[b + at.CY]
    f[b + at.A0] = rest * f[b + at.A0] + beta * f[b + at.A]
    f[b + at.ALPHA] = alpha
