"""95 % intervals of one agent's results in one world, over independent episodes."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

NORMAL = 1.959963984540054  # 97.5 % of the standard normal distribution lie below


class Interval(NamedTuple):
    """A value with the ends of its 95 % interval; equal to it where there is no spread."""

    value: float
    low: float
    high: float


def of_mean(values: np.ndarray) -> Interval:
    """The mean of independent values [episodes], by Student's t; one value has no interval."""
    from scipy import special  # loads faster than scipy.stats

    data = np.asarray(values, np.float64)
    value, n = float(data.mean()), len(data)
    if n == 1 or np.ptp(data) == 0:
        return Interval(value, value, value)
    reach = float(special.stdtrit(n - 1, 0.975) * data.std(ddof=1) / math.sqrt(n))
    return Interval(value, value - reach, value + reach)


def of_rate(events: np.ndarray) -> Interval:
    """The rate of independent events [episodes] of 0 or 1, by Wilson's score (Wilson 1927)."""
    n, rate, z = len(events), float(np.mean(events)), NORMAL
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return Interval(rate, min(rate, centre - reach), max(rate, centre + reach))
