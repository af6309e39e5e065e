"""Scales of the film of a tree: colours of scores, heights of curves, lines of the grid."""

from __future__ import annotations

import numpy as np

Colour = tuple[int, int, int]

# viridis (matplotlib, CC0) at 17 even steps, without the end that vanishes on paper
VIRIDIS = (
    "440154 481a6c 472f7d 414487 39568c 31688e 2a788e 23888e 1f988b 22a884 35b779 54c568 7ad151 "
    "a5db36 d2e21b f1e51d"
)
STOPS = np.array([[int(stop[i : i + 2], 16) for i in (0, 2, 4)] for stop in VIRIDIS.split()])


def ramp(score: float, low: float, high: float) -> Colour:
    """The colour of a score between the ends of the scale."""
    at = float(np.clip((score - low) / max(high - low, 1e-9), 0, 1)) * (len(STOPS) - 1)
    below = min(int(at), len(STOPS) - 2)
    r, g, b = STOPS[below] + (STOPS[below + 1] - STOPS[below]) * (at - below)
    return int(r), int(g), int(b)


def level(value: float, span: tuple[float, float], top: float, bottom: float) -> float:
    """The height [px] of a value in a picture from `top` down to `bottom`."""
    share = float(np.clip((value - span[0]) / max(span[1] - span[0], 1e-9), 0, 1))
    return bottom - share * (bottom - top)


def nice_step(iterations: int) -> int:
    """Iterations between two lines of the grid: 1, 2 or 5 times a power of ten, about six lines."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if iterations / step <= 7:
                return step
        power *= 10
