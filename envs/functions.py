"""Distributions of functions for regression: quadratics and sines as weights times fixed features.

Since every function is linear in its weights, the error of the best linear predictor is known
exactly (Regression.oracle).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, sin

import numpy as np
import torch

from .parts.draws import Draws
from .parts.genome import choice, columns, gene

INPUTS = {"quadratic": 2, "sine": 1}
REACH = {"quadratic": 1.0, "sine": 5.0}  # inputs are uniform in [-reach, reach]


@dataclass(frozen=True)
class Functions:
    """Distribution of the function of a trial.

    quadratic: a x1^2 + b x2^2 + c x1 x2 + d x1 + e x2 + f, each coefficient uniform in [low, high].
    sine: A sin(x + p), amplitude A uniform in [low, high], phase p in [0, phase].
    """

    kind: str = choice("quadratic", "sine")
    low: float = gene(-0.3, low=-5.0, high=5.0, step=0.2)
    high: float = gene(0.3, low=-5.0, high=5.0, step=0.2)
    phase: float = gene(0.0, low=0.0, high=6.283, step=0.5)  # [rad]


QUADRATICS, SINES = Functions("quadratic", -1.0, 1.0), Functions("sine", 0.1, 5.0, 6.283)


def features(kind: str, x: torch.Tensor) -> torch.Tensor:
    """Features [..., k] of inputs [..., i]; a label is their scalar product with the weights."""
    if kind == "sine":
        return torch.cat([torch.sin(x), torch.cos(x)], -1)
    one, two = x.unbind(-1)
    return torch.stack([one**2, two**2, one * two, one, two, torch.ones_like(one)], -1)


def weights(tasks: Sequence[Functions], draws: Draws, device: str) -> torch.Tensor:
    """Weights of the function of each trial, [n, k] float64."""
    g = columns(tasks, device)
    low, wide = g["low"][:, None], (g["high"] - g["low"])[:, None]
    if tasks[0].kind == "quadratic":
        return low + wide * draws.uniform("function", 6)
    amplitude, phase = (
        (low + wide * draws.uniform("amplitude", 1)),
        g["phase"][:, None] * draws.uniform("phase", 1),
    )
    return amplitude * torch.cat([torch.cos(phase), torch.sin(phase)], 1)  # A sin(x + p)


def prior(task: Functions) -> tuple[np.ndarray, np.ndarray]:
    """Mean [k] and covariance [k, k] of the weights over functions."""
    low, high, p = task.low, task.high, task.phase
    middle, square = (low + high) / 2, (low * low + low * high + high * high) / 3
    if task.kind == "quadratic":
        return np.full(6, middle), np.eye(6) * (square - middle**2)
    # first and second moments of (cos p, sin p)
    mean, second = np.array([1.0, 0.0]), np.array([[1.0, 0.0], [0.0, 0.0]])
    if p > 0:
        mean = np.array([sin(p), 1 - cos(p)]) / p
        both, part = sin(p) ** 2 / (2 * p), sin(2 * p) / (4 * p)
        second = np.array([[0.5 + part, both], [both, 0.5 - part]])
    return middle * mean, square * second - middle**2 * np.outer(mean, mean)
