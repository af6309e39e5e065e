"""A measured value with its bounds, and functions shared by the claims: training, means
with intervals.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from openpoet.agents.assessment import mean
from openpoet.poet.interfaces import Agent, Learner
from openpoet.poet.streams import Key


@dataclass(frozen=True)
class Claim:
    """A measured value with the bounds that it must satisfy."""

    text: str
    value: float
    least: float = -np.inf
    most: float = np.inf

    @property
    def holds(self) -> bool:
        return self.least <= self.value <= self.most

    def __str__(self) -> str:
        bounds = [
            f">= {self.least:.4g}" if self.least > -np.inf else "",
            f"<= {self.most:.4g}" if self.most < np.inf else "",
        ]
        bound = " and ".join(filter(None, bounds)) or "no bound"
        return f"{self.text}: {self.value:.4g} ({bound}){'' if self.holds else '  OUT OF BOUNDS'}"


def train(
    learner: Learner, agent: Agent, task: Any, iterations: int, key: Key, name: str = ""
) -> Agent:
    """The agent after `iterations` improvement steps in one task; progress is printed to stderr."""
    start = time.monotonic()
    for i in range(iterations):
        (agent,), _ = learner.improve([agent], [task], [key.child("improve", i)])
        if (i + 1) % max(iterations // 10, 1) == 0:
            score, *_ = learner.evaluate([agent], [task], [key.child("progress")])
            passed = time.monotonic() - start
            print(
                f"{name} step {i + 1} of {iterations}, {passed:.0f} s: {score[0]:.3f}",
                file=sys.stderr,
                flush=True,
            )
    return agent


def bounds(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean."""
    found = mean(values)
    return found.low, found.high


def interval(values: Sequence[float] | np.ndarray) -> str:
    """The mean with its 95 % bootstrap interval."""
    return str(mean(values))
