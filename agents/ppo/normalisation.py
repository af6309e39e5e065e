"""Running mean and variance of observations and of discounted returns, as tensors of an agent.

Batches are merged by the pairwise update of Chan, Golub & LeVeque 1979. The tensors' names begin
with `normaliser/`: they are part of the policy, are saved and transferred with it, and do not
change in an evaluation.
Differs: observations are normalised by the statistics of earlier rollouts instead of up to the
current step, so that a rollout's probabilities remain those of the policy during its update.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from .rollout import Rollout

PREFIX = "normaliser/"
OBSERVATIONS, RETURNS = "observations", "returns"
LIMIT = 10.0  # normalised observations and rewards are clipped to +-LIMIT
SMALLEST = 1e-8  # added to variances


@dataclass(frozen=True)
class Moments:
    """Count, mean [k] and sum of squared deviations [k] of the values so far, float64."""

    count: torch.Tensor
    mean: torch.Tensor
    square: torch.Tensor

    @classmethod
    def empty(cls, size: int) -> Moments:
        zero = torch.zeros(size, dtype=torch.float64)
        return cls(torch.zeros((), dtype=torch.float64), zero, zero.clone())

    @classmethod
    def of(cls, agent: Mapping[str, torch.Tensor], name: str) -> Moments:
        """The agent's statistics of this name."""
        return cls(*(agent[f"{PREFIX}{name}/{part}"] for part in ("count", "mean", "square")))

    def tensors(self, name: str) -> dict[str, torch.Tensor]:
        """The statistics as tensors of an agent."""
        start = f"{PREFIX}{name}/"
        return {
            f"{start}count": self.count,
            f"{start}mean": self.mean,
            f"{start}square": self.square,
        }

    def merged(self, values: torch.Tensor) -> Moments:
        """The statistics with further values [m, k]. ValueError if one is NaN or infinite."""
        if not len(values):
            return self
        values = values.double()
        mean = values.mean(0)
        square = ((values - mean) ** 2).sum(0)
        if not bool(torch.isfinite(square).all()):
            raise ValueError("a value to be normalised is NaN or infinite")
        mean, square = mean.to(self.mean.device), square.to(self.mean.device)
        added = float(len(values))
        count, apart = self.count + added, mean - self.mean
        return Moments(
            count,
            self.mean + apart * added / count,
            self.square + square + apart**2 * self.count * added / count,
        )

    @property
    def variance(self) -> torch.Tensor:
        """[k] float64; 1 where there are no values yet."""
        return torch.where(self.count > 0, self.square / self.count.clamp(min=1), 1.0)


@dataclass(frozen=True)
class Normaliser:
    """x -> (x - mean) / sqrt(variance), clipped to +-LIMIT; float32 [k] on the device in use."""

    mean: torch.Tensor
    scale: torch.Tensor

    @classmethod
    def of(cls, moments: Moments, device: str = "cpu") -> Normaliser:
        scale = 1 / torch.sqrt(moments.variance + SMALLEST)
        return cls(moments.mean.float().to(device), scale.float().to(device))

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        """Normalised values [..., k] float32."""
        return ((values - self.mean) * self.scale).clamp_(-LIMIT, LIMIT)


def discounted_returns(
    rewards: torch.Tensor, ends: torch.Tensor, start: torch.Tensor, gamma: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Running discounted returns [t, n] float64, and their values for the next rollout [n].

    r_t + gamma * (that of the step before), from 0 where a trial began.

    rewards: [t, n] float64; ends: [t, n] bool, the last steps of trials; start: [n] from the
    rollout before.
    """
    result, kept = torch.empty_like(rewards), gamma * (~ends).double()
    for t in range(len(rewards)):
        result[t] = rewards[t] + start
        start = result[t] * kept[t]
    return result, start


def scaled(rewards: torch.Tensor, moments: Moments) -> torch.Tensor:
    """Rewards [t, n] divided by the standard deviation of the return, float32, clipped."""
    scale = 1 / torch.sqrt(moments.variance[0] + SMALLEST)
    return (rewards * scale.to(rewards.device)).clamp(-LIMIT, LIMIT).float()


def new_statistics(observation_size: int) -> dict[str, torch.Tensor]:
    """The statistics of an agent that has seen nothing."""
    return Moments.empty(observation_size).tensors(OBSERVATIONS) | Moments.empty(1).tensors(RETURNS)


def kept_statistics(agent: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Copies of the agent's statistics, as `adopt` needs them."""
    return {name: value.clone() for name, value in agent.items() if name.startswith(PREFIX)}


def with_observations(
    agent: Mapping[str, torch.Tensor], rollout: Rollout
) -> dict[str, torch.Tensor]:
    """The agent's tensors with the statistics of its observations continued."""
    seen = Moments.of(agent, OBSERVATIONS).merged(rollout.observations[rollout.alive])
    return {**agent, **seen.tensors(OBSERVATIONS)}


def with_returns(
    agent: Mapping[str, torch.Tensor], rollout: Rollout, start: torch.Tensor, gamma: float
) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
    """The agent's tensors with the statistics of discounted returns continued; scaled rewards
    [t, n]; running returns for the next rollout [n].

    start: running returns from the rollout before, [n] float64.
    """
    returns, start = discounted_returns(rollout.rewards, rollout.cuts, start, gamma)
    moments = Moments.of(agent, RETURNS).merged(returns[rollout.alive][:, None])
    return {**agent, **moments.tensors(RETURNS)}, scaled(rollout.rewards, moments), start
