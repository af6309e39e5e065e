"""Arithmetic of the compiled kernels: tanh, sigmoid, and products with a fixed order of sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from openpoet.kernel_cache import shared_name

# tanh(x) = x P(x^2) / Q(x^2) on [-8, 8], fitted by weighted least squares to minimise the largest
# relative error; in float32 it is within 4e-7 of tanh and never leaves [-1, 1]. math.tanh is far
# slower: it is not vectorised.
_P0, _P1, _P2, _P3, _P4 = (
    np.float32(p) for p in (1.0, 0.134444997, 0.0035715999, 2.18946952e-05, 1.52304640e-08)
)
_Q1, _Q2, _Q3, _Q4 = (
    np.float32(q) for q in (0.467778265, 0.0261644498, 0.000341129518, 8.52246501e-07)
)
ONE, HALF, ZERO, EDGE = np.float32(1), np.float32(0.5), np.float32(0), np.float32(8)


def part(function: Callable[..., Any]) -> Any:
    """Decorator of a part of the kernel below; compiled with it."""
    return numba.njit(nogil=True, error_model="numpy", forceinline=True)(shared_name(function))


@part
def tanh(x):
    z = min(max(x, -EDGE), EDGE)
    y = z * z
    above = z * ((((_P4 * y + _P3) * y + _P2) * y + _P1) * y + _P0)
    return above / ((((_Q4 * y + _Q3) * y + _Q2) * y + _Q1) * y + ONE)


@part
def sigmoid(x):
    return HALF + HALF * tanh(HALF * x)


@part
def add_products(total, w, at, x, n, m):
    """total [m] += x [n] times the matrix [n, m] at `at`, in the order 0, 1, 2, ... of the inputs.

    The inner loops run over the outputs, so they vectorise without reordering; four inputs at a
    time, so that the sums stay in registers.
    """
    fours = n - n % 4
    for i in range(0, fours, 4):
        w0, w1 = w[at + i * m : at + (i + 1) * m], w[at + (i + 1) * m : at + (i + 2) * m]
        w2, w3 = w[at + (i + 2) * m : at + (i + 3) * m], w[at + (i + 3) * m : at + (i + 4) * m]
        x0, x1, x2, x3 = x[i], x[i + 1], x[i + 2], x[i + 3]
        for o in range(m):
            total[o] = (((total[o] + x0 * w0[o]) + x1 * w1[o]) + x2 * w2[o]) + x3 * w3[o]
    for i in range(fours, n):
        for o in range(m):
            total[o] += x[i] * w[at + i * m + o]
