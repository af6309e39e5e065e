"""Action distributions as pure functions of a network's outputs: categorical, Gaussian, squashed.

Noise is an argument, so that callers can share it between rollouts: nothing here is random.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from . import gaussians

LOG_2_PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class Categorical:
    """One of `size` actions, encoded as a one-hot vector, as simulators expect."""

    size: int

    @property
    def outputs(self) -> int:
        return self.size

    def sample(self, outputs: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """One-hot [n, size] by the Gumbel-max rule; outputs: [n, size] logits; noise: [n, size]
        uniform in [0, 1).
        """
        gumbel = -torch.log(-torch.log(noise.clamp(1e-12, 1 - 1e-7)))
        return self.mode(outputs + gumbel)

    def mode(self, outputs: torch.Tensor) -> torch.Tensor:
        """The most likely action, one-hot."""
        return torch.nn.functional.one_hot(outputs.argmax(-1), self.size).float()

    def log_prob(self, outputs: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Log probability [...] of one-hot actions [..., size]."""
        return (torch.log_softmax(outputs, -1) * actions).sum(-1)

    def entropy(self, outputs: torch.Tensor) -> torch.Tensor:
        logs = torch.log_softmax(outputs, -1)
        return -(logs.exp() * logs).sum(-1)

    def kl(self, outputs: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        """KL(outputs || others), [...]."""
        one, two = torch.log_softmax(outputs, -1), torch.log_softmax(others, -1)
        return (one.exp() * (one - two)).sum(-1)


@dataclass(frozen=True)
class Gaussian:
    """A vector of `size` numbers. Outputs [..., 2 size]: mean, then log standard deviation."""

    size: int

    @property
    def outputs(self) -> int:
        return 2 * self.size

    def sample(self, outputs: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """[n, size]; outputs: [n, 2 size]; noise: [n, size] uniform in [0, 1)."""
        mean, log_std = outputs.chunk(2, -1)
        return mean + log_std.exp() * normal(noise)

    def mode(self, outputs: torch.Tensor) -> torch.Tensor:
        return outputs.chunk(2, -1)[0]

    def log_prob(self, outputs: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        mean, log_std = outputs.chunk(2, -1)
        return (-0.5 * ((actions - mean) / log_std.exp()) ** 2 - log_std - 0.5 * LOG_2_PI).sum(-1)

    def entropy(self, outputs: torch.Tensor) -> torch.Tensor:
        return (outputs.chunk(2, -1)[1] + 0.5 * (1 + LOG_2_PI)).sum(-1)

    def kl(self, outputs: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        return gaussians.kl(*outputs.chunk(2, -1), *others.chunk(2, -1))


@dataclass(frozen=True)
class Squashed:
    """A vector of `size` numbers in (-1, 1): the tanh of a Gaussian.

    Outputs [..., 2 size]: the Gaussian's mean, then its log standard deviation.
    """

    size: int

    @property
    def outputs(self) -> int:
        return 2 * self.size

    def draw(self, outputs: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Actions [..., size] and their log density [...], by reparametrisation.

        noise: [..., size] uniform in [0, 1).
        """
        mean, log_std = outputs.chunk(2, -1)
        log_std, sampled = log_std.clamp(-5.0, 2.0), normal(noise)
        before = mean + log_std.exp() * sampled
        # log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2 u)), which stays finite where tanh rounds
        # to 1
        slope = 2 * (math.log(2) - before - torch.nn.functional.softplus(-2 * before))
        return torch.tanh(before), (-0.5 * sampled**2 - log_std - 0.5 * LOG_2_PI - slope).sum(-1)

    def sample(self, outputs: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        return self.draw(outputs, noise)[0]

    def mode(self, outputs: torch.Tensor) -> torch.Tensor:
        """The tanh of the Gaussian's mean."""
        return torch.tanh(outputs.chunk(2, -1)[0])


def normal(noise: torch.Tensor) -> torch.Tensor:
    """Standard normal numbers from uniform ones in [0, 1)."""
    return math.sqrt(2) * torch.erfinv((2 * noise - 1).clamp(-1 + 1e-7, 1 - 1e-7))


Actions = Categorical | Gaussian


def actions_of(size: int, discrete: bool) -> Actions:
    """The distribution for a family's actions."""
    return Categorical(size) if discrete else Gaussian(size)
