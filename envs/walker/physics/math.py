"""Two-dimensional arithmetic in Box2D's order of operations (b2Math.h), on plain float32 numbers.

A rotation is (s, c), sine and cosine; a pose is (s, c, px, py). Comparisons are written out because
b2Min, b2Max and b2Clamp fix which argument wins a tie or a NaN. This is a port of Box2D 2.3's
algorithms (Erin Catto, zlib licence); it is an altered version, written anew, and not the original
software.
"""

from __future__ import annotations

import math

import numpy as np

from .jit import inline

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
HALF = np.float32(0.5)
EPSILON = np.float32(1.1920928955078125e-07)
LARGEST = np.float32(3.4028234663852886e38)


@inline
def minimum(a, b):
    return a if a < b else b


@inline
def maximum(a, b):
    return a if a > b else b


@inline
def clamp(a, low, high):
    return maximum(low, minimum(a, high))


@inline
def rotate(s, c, x, y):
    """A vector of the body frame, in the world frame."""
    return c * x - s * y, s * x + c * y


@inline
def unrotate(s, c, x, y):
    """A vector of the world frame, in the body frame."""
    return c * x + s * y, -s * x + c * y


@inline
def place(s, c, px, py, x, y):
    """A point of the body frame, in the world frame."""
    return (c * x - s * y) + px, (s * x + c * y) + py


@inline
def unplace(s, c, px, py, x, y):
    """A point of the world frame, in the body frame."""
    dx = x - px
    dy = y - py
    return c * dx + s * dy, -s * dx + c * dy


@inline
def length(x, y):
    return np.float32(math.sqrt(x * x + y * y))


@inline
def normalize(x, y):
    """The unit vector and the length; a vector shorter than epsilon is returned unchanged, with
    length 0.
    """
    size = length(x, y)
    if size < EPSILON:
        return x, y, ZERO
    inverse = ONE / size
    return x * inverse, y * inverse, size
