"""Assessment of adaptation: an agent's return by episode of a trial, with two controls.

Both controls run on the same trials (`lifetimes.next_episode`). With adaptation off, the agent's
state is reset after each episode. With a shuffled history, each trial continues with the state of
another trial. An agent that does not adapt scores the same under both controls; one that adapts
scores worse. Intervals are 95 % bootstrap intervals over trials (Efron 1979), of the paired
difference where two returns of a trial are compared.
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
    """A learner whose agents adapt within a trial (poet.interfaces.Learner)."""

    def by_episode(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> tuple[np.ndarray, int]:
        """Returns [trials, k] by episode of a trial, and environment steps.

        For learners that update the agent after several episodes, k counts the updates, and a
        return is the mean of these episodes. The same key gives the same draws, first episodes and
        noise under each control.
        """
        ...


@dataclass(frozen=True)
class Mean:
    """A mean over trials with its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Assessment:
    """Mean returns of one agent in one task, over the same trials."""

    curve: tuple[Mean, ...]  # by episode, or by update
    before: Mean  # the first point of the curve
    after: Mean  # the last point of the curve
    gain: Mean  # after - before
    off: Mean  # the last point with adaptation off
    shuffled: Mean  # the last point with shuffled histories
    over_off: Mean  # after - off
    over_shuffled: Mean  # after - shuffled
    steps: int  # environment steps


def assess(learner: Adapts, agent: Agent, task: Task, key: Key, num_trials: int) -> Assessment:
    """Assess one agent on `num_trials` draws of a task.

    Raises:
        ValueError: if there are fewer than two trials, or fewer than two episodes in a trial.
    """
    if num_trials < 2:
        raise ValueError(
            f"an assessment shuffles the histories of at least 2 trials, got {num_trials}"
        )
    results = [learner.by_episode(agent, task, key, num_trials, control) for control in CONTROLS]
    own, off, shuffled = (returns for returns, _ in results)
    if own.shape[1] < 2:
        raise ValueError(
            "an assessment needs at least 2 episodes in a trial, got 1: set episodes or updates"
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
        sum(steps for _, steps in results),
    )


def mean(values: Sequence[float] | np.ndarray, resamples: int = 2000) -> Mean:
    """The mean with its 95 % bootstrap interval; equal values give equal intervals."""
    data, rng = np.asarray(values, float), np.random.default_rng(0)
    means = np.array([rng.choice(data, len(data)).mean() for _ in range(resamples)])
    low, high = np.quantile(means, [0.025, 0.975])
    return Mean(float(data.mean()), float(low), float(high))
