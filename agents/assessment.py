"""Whether an agent adapts: its return by episode of a trial, and whether it is adaptation that
makes the difference.

Two controls, on the same trials: adaptation that is off, and a history that is another trial's
(carried.next_episode). An agent that has learned one way for all draws is as good with either; one
that finds out is worse with both. Intervals are 95 % bootstrap intervals over trials (Efron 1979),
paired where two numbers of a trial are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .parts.lifetimes import CONTROLS, Control

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task
    from openpoet.poet.streams import Key


class Adapts(Protocol):
    """A learner whose agents adapt within a trial."""

    def by_episode(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> tuple[np.ndarray, int]:
        """Returns [trials, k] of each episode, or mean returns of the episodes between updates;
        environment steps.

        The same key means the same draws, first episodes and noise, whatever the control.
        """
        ...


@dataclass(frozen=True)
class Mean:
    """A mean over trials, with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Assessment:
    curve: tuple[Mean, ...]  # by episode, or by update
    before: Mean  # the first of the curve
    after: Mean  # the last
    gain: Mean  # after less before
    off: Mean  # the last, were nothing handed from one episode to the next
    shuffled: Mean  # the last, were another trial's history handed on
    over_off: Mean  # after less off
    over_shuffled: Mean  # after less shuffled
    steps: int  # of the environment


def assess(learner: Adapts, agent: Agent, task: Task, key: Key, num_trials: int) -> Assessment:
    """One agent on so many draws of a task. ValueError if there is but one draw, or one episode a
    trial.
    """
    if num_trials < 2:
        raise ValueError(
            f"an assessment needs at least 2 trials, to shuffle their histories, got {num_trials}"
        )
    played = [learner.by_episode(agent, task, key, num_trials, control) for control in CONTROLS]
    own, off, shuffled = (returns for returns, _ in played)
    if own.shape[1] < 2:
        raise ValueError(
            "an assessment needs trials of at least 2 episodes, got 1: set episodes or updates"
        )
    after = own[:, -1]
    return Assessment(
        tuple(mean(column) for column in own.T),
        mean(own[:, 0]),
        mean(after),
        mean(after - own[:, 0]),
        mean(off[:, -1]),
        mean(shuffled[:, -1]),
        mean(after - off[:, -1]),
        mean(after - shuffled[:, -1]),
        sum(steps for _, steps in played),
    )


def mean(values: Sequence[float] | np.ndarray, resamples: int = 2000) -> Mean:
    """The mean with its bootstrap interval; the same values always give the same interval."""
    data, rng = np.asarray(values, float), np.random.default_rng(0)
    means = np.array([rng.choice(data, len(data)).mean() for _ in range(resamples)])
    low, high = np.quantile(means, [0.025, 0.975])
    return Mean(float(data.mean()), float(low), float(high))
