"""Intervals against hand-computed cases."""

from __future__ import annotations

import math

import numpy as np
import pytest

from openpoet.arena.intervals import of_mean, of_rate


def test_the_interval_of_a_mean_is_students() -> None:
    """Of 1, 2, 3: mean 2, standard error 1 / sqrt(3), and t with 2 degrees of freedom is 4.3027."""
    value, low, high = of_mean(np.array([1.0, 2.0, 3.0]))
    assert value == 2.0
    assert high - value == pytest.approx(4.302652729911275 / math.sqrt(3))
    assert value - low == pytest.approx(high - value)


def test_equal_values_and_a_single_one_have_no_spread() -> None:
    assert of_mean(np.array([5.0])) == (5.0, 5.0, 5.0)
    assert of_mean(np.array([5.0, 5.0])) == (5.0, 5.0, 5.0)


def test_the_interval_of_a_rate_is_wilsons() -> None:
    """8 of 10 (Wilson 1927): [0.4902, 0.9433]; the normal interval would exceed 1."""
    value, low, high = of_rate(np.array([1] * 8 + [0] * 2))
    assert value == 0.8
    assert low == pytest.approx(0.4902, abs=5e-5)
    assert high == pytest.approx(0.9433, abs=5e-5)


def test_the_interval_of_a_rate_of_0_or_1_contains_it_and_has_width() -> None:
    """0 of 10: [0, z^2 / (10 + z^2)] = [0, 0.2775]."""
    assert of_rate(np.zeros(10)) == (0.0, 0.0, pytest.approx(0.2775, abs=5e-5))
    assert of_rate(np.ones(10)) == (1.0, pytest.approx(0.7225, abs=5e-5), 1.0)
