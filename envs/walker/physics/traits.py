"""The traits of a walker's body in compiled code: bodies[k[ko + TRAITS]], a row of the table of
bodies (state.py, bodies.py).
"""

from __future__ import annotations

import numpy as np

from . import state as at
from .body import CORNERS
from .jit import inline

CORNER_FLOATS = np.int64(2 * CORNERS)


@inline
def masses(traits, body):
    """Inverse mass and inverse inertia of a body."""
    return traits[at.INVERSE_MASS + body], traits[at.INVERSE_INERTIA + body]


@inline
def center(traits, body):
    """Centre of mass of a body, in its frame."""
    return traits[at.CENTER + 2 * body], traits[at.CENTER + 2 * body + 1]


@inline
def vertex(traits, body, i):
    """Corner i of a body, in its frame."""
    v = at.VERTEX + CORNER_FLOATS * body + 2 * i
    return traits[v], traits[v + 1]


@inline
def anchors(traits, joint):
    """A joint's anchors from the centres of mass of its bodies, in their frames: x, y, x, y."""
    a, b = at.ANCHOR_A + 2 * joint, at.ANCHOR_B + 2 * joint
    return traits[a], traits[a + 1], traits[b], traits[b + 1]
