"""Zeros and the norm of flat numbers, compiled by Numba."""

from __future__ import annotations

import math

import numpy as np

from .arithmetic import ZERO
from .products import LANES, callee


@callee
def fill(x, begin, end):
    """Write zeros to x[begin:end]."""
    for i in range(begin, end):
        x[i] = ZERO


@callee
def norm_of(gradient):
    """Euclidean norm; in float64."""
    parts = np.zeros(LANES)
    for i in range(0, len(gradient), LANES):
        for j in range(LANES):
            parts[j] += np.float64(gradient[i + j]) * np.float64(gradient[i + j])
    total = 0.0
    for j in range(LANES):
        total += parts[j]
    return math.sqrt(total)
