"""Sine and cosine of a float32 angle, bit for bit equal to glibc's sinf and cosf, which Box2D
calls.

The algorithm is that of ARM's optimized-routines, used by glibc since 2.28 (Szabolcs Nagy, 2018):
reduce the angle by multiples of pi/2 in float64, evaluate two short polynomials in float64, round
once. It is branch-free, so that it can run in lanes. Angles of 120 rad and more have a separate
reduction, and no library function is called, so that every processor gives the same bits.
"""

from __future__ import annotations

import math

import numpy as np

from .jit import inline, routine

TWO_OVER_PI_SCALED = float.fromhex("0x1.45F306DC9C883p+23")  # 2/pi * 2^24
# glibc's variant for processors with FMA subtracts n * pi/2 with one rounding. The two parts of the
# same float64 pi/2 below have the same effect: every product and the first difference are exact,
# and only the last difference is rounded.
HALF_PI_HIGH = float.fromhex("0x1.921FB5p0")
HALF_PI_LOW = float.fromhex("0x1.921FB54442D18p0") - HALF_PI_HIGH
HALF_PI_REST = float.fromhex("0x1.1A62633145C07p-54")  # pi/2 less that float64
TWO_OVER_PI = float.fromhex("0x1.45F306DC9C883p-1")
C1 = float.fromhex("-0x1.ffffffd0c621cp-2")
C2 = float.fromhex("0x1.55553e1068f19p-5")
C3 = float.fromhex("-0x1.6c087e89a359dp-10")
C4 = float.fromhex("0x1.99343027bf8c3p-16")
S1 = float.fromhex("-0x1.555545995a603p-3")
S2 = float.fromhex("0x1.1107605230bc4p-7")
S3 = float.fromhex("-0x1.994eb3774cf24p-13")
FAST_RANGE = np.float32(120.0)  # [rad] beyond this the short reduction is not exact


@inline
def polynomials(x, quadrant):
    """(sin, cos) as float32 of quadrant * pi/2 + x, x float64 within pi/4 of 0; only the quadrant's
    last bits count.
    """
    odd = (quadrant & np.int32(1)) == np.int32(1)
    low = quadrant & np.int32(3)
    y = -x if (low == np.int32(1)) | (low == np.int32(2)) else x
    square = x * x
    cube = y * square
    sine = (y + cube * S1) + (cube * square) * (S2 + square * S3)
    fourth = square * square
    cosine = ((1.0 + square * C1) + fourth * C2) + (fourth * square) * (C3 + square * C4)
    cosine = -cosine if (quadrant & np.int32(2)) != np.int32(0) else cosine
    s = cosine if odd else sine
    c = sine if odd else cosine
    return np.float32(s), np.float32(c)


@inline
def reduced(angle):
    """A float32 angle with |angle| < 120 rad, less a multiple of pi/2; and that multiple."""
    x = np.float64(angle)
    quadrant = (np.int32(x * TWO_OVER_PI_SCALED) + np.int32(0x800000)) >> np.int32(24)
    turns = np.float64(quadrant)
    return (x - turns * HALF_PI_HIGH) - turns * HALF_PI_LOW, quadrant


@inline
def reduced_far(angle):
    """The same of any float32 angle below 10^7 rad: two subtractions are exact, the third takes the
    rest of pi/2.
    """
    x = np.float64(angle)
    quadrant = np.int64(math.floor(x * TWO_OVER_PI + 0.5))
    turns = np.float64(quadrant)
    rest = ((x - turns * HALF_PI_HIGH) - turns * HALF_PI_LOW) - turns * HALF_PI_REST
    return rest, np.int32(quadrant & np.int64(3))


@inline
def sincos_reduced(angle):
    """(sin, cos) of a float32 angle with |angle| < 120 rad, as float32."""
    rest, quadrant = reduced(angle)
    return polynomials(rest, quadrant)


@routine
def sincos(angle):
    """(sin, cos) of any float32 angle [rad], as float32."""
    rest, quadrant = reduced(angle) if abs(angle) < FAST_RANGE else reduced_far(angle)
    return polynomials(rest, quadrant)
