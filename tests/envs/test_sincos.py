"""Sine and cosine equal libm bit for bit in the range of a walker's angles."""

from __future__ import annotations

import ctypes
import ctypes.util
import math

import numpy as np
import pytest
from numba import njit

from openpoet.envs.walker.physics.sincos import sincos

libm = ctypes.CDLL(ctypes.util.find_library("m"))
for _name in ("sinf", "cosf"):
    getattr(libm, _name).argtypes, getattr(libm, _name).restype = [ctypes.c_float], ctypes.c_float
sinf, cosf = libm.sinf, libm.cosf


@njit
def both(angles):
    """Our results and those of libm, each [2 (sine, cosine), angles]."""
    ours, theirs = np.empty((2, len(angles)), np.float32), np.empty((2, len(angles)), np.float32)
    for i, angle in enumerate(angles):
        ours[0, i], ours[1, i] = sincos(angle)
        theirs[0, i], theirs[1, i] = sinf(angle), cosf(angle)
    return ours, theirs


def angles(limit: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    turns = np.arange(-int(limit / math.pi * 4), int(limit / math.pi * 4) + 1) * (math.pi / 4)
    near = (turns[:, None] + rng.normal(size=(len(turns), 500)) * 1e-4).ravel()
    return np.concatenate(
        [rng.uniform(-limit, limit, 1_000_000), near, [0.0, -0.0, 1e-30, 1e-5]]
    ).astype(np.float32)


@pytest.mark.parametrize("limit", [3.2, 119.0])
def test_results_equal_libm_in_the_range_of_the_fast_reduction(limit: float) -> None:
    """With glibc's variant for processors with FMA; the other one differs in a few values beyond
    one turn.
    """
    ours, theirs = both(angles(limit))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("limit", [1e4, 1e6])
def test_results_equal_libm_at_larger_angles(limit: float) -> None:
    rng = np.random.default_rng(1)
    far = rng.uniform(119.0, limit, 1_000_000) * rng.choice([-1, 1], 1_000_000)
    ours, theirs = both(far.astype(np.float32))
    np.testing.assert_array_equal(ours, theirs)


def test_the_sine_and_cosine_of_nan_and_infinity_are_nan() -> None:
    ours, _ = both(np.array([np.nan, np.inf, -np.inf], np.float32))
    assert np.isnan(ours).all()
