"""The adversary of minimax and PAIRED: a policy whose only action is a level's parameters.

Dennis et al. 2020, "Emergent Complexity and Zero-shot Transfer via Unsupervised Environment Design"
(arXiv 2012.02096); layers and noise as in the walker's benchmark of ACCEL (arXiv 2203.01302).
Trained by PPO (Schulman et al. 2017, arXiv 1707.06347) on episodes of one step.

Notation: n levels, z noise, k parameters of a level, w weights of the policy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

NOISE, HIDDEN = 10, 64
CLIP, ENTROPY = 0.2, 1e-3
BETAS, EPSILON = (0.9, 0.999), 1e-5  # of Adam


class Drawn(NamedTuple):
    """Levels as the policy drew them. noise: [n, z]. actions: [n, k]. chances: [n], log-densities
    of the actions.
    """

    noise: torch.Tensor
    actions: torch.Tensor
    chances: torch.Tensor

    def vectors(self) -> np.ndarray:
        """The levels' parameters, [n, k]: the range [-1, 1] of actions is [0, 1]; the ends are
        clipped where a level is built.
        """
        return (self.actions.numpy().astype(np.float64) + 1) / 2


@dataclass(frozen=True)
class Adversary:
    """A Gaussian policy from noise to parameters, and its optimiser's state.

    weights, first, second: [w] float32, with Adam's moments. step: optimisation steps so far.
    ValueError, one line, unless they are finite, and standard deviations finite and above 0.
    """

    size: int  # k
    weights: torch.Tensor
    first: torch.Tensor
    second: torch.Tensor
    step: int = 0

    def __post_init__(self) -> None:
        # log-densities divide by the variances
        variances = (2 * self.weights[-self.size :]).exp()
        numbers = torch.cat([self.weights, self.first, self.second, variances, 1 / variances])
        if not bool(torch.isfinite(numbers).all()):
            raise ValueError(
                f"after {self.step} optimisation steps the adversary's weights, moments of Adam or "
                "standard deviations are NaN, infinite or 0, expected finite numbers: "
                "curriculum.adversary_rate may be too large, launch with a lower one"
            )

    @classmethod
    def new(cls, size: int, rng: np.random.Generator) -> Adversary:
        """A policy whose levels are around the middle of all ranges, with standard deviation 1."""
        layers = []
        for rows, *columns in shapes(size):
            if columns:
                scale = (0.01 if columns == [size] else 1.0) / math.sqrt(rows)
                layers.append(scale * rng.standard_normal(rows * columns[0]))
            else:
                layers.append(np.zeros(rows))  # biases, and logarithms of standard deviations
        weights = torch.tensor(np.concatenate(layers), dtype=torch.float32)
        return cls(size, weights, torch.zeros_like(weights), torch.zeros_like(weights))

    def drawn(self, n: int, rng: np.random.Generator) -> Drawn:
        """n levels."""
        noise = torch.tensor(rng.standard_normal((n, NOISE)), dtype=torch.float32)
        own = _policy(self.weights, self.size, noise)
        apart = torch.tensor(rng.standard_normal((n, self.size)), dtype=torch.float32)
        actions = own.mean + own.stddev * apart
        return Drawn(noise, actions, own.log_prob(actions).sum(1))

    def improved(self, drawn: Drawn, rewards: np.ndarray, rate: float, epochs: int) -> Adversary:
        """The policy after some steps of PPO on the rewards [n] of its levels.

        Differs: the baseline is the mean reward of the rollout's levels, where PAIRED has a critic;
        the policy sees noise only, and an episode is one step.
        """
        spread = rewards - rewards.mean()
        advantages = torch.tensor(spread / (rewards.std() + 1e-5), dtype=torch.float32)
        found = self
        for _ in range(epochs):
            weights = found.weights.clone().requires_grad_()
            loss = _loss(_policy(weights, self.size, drawn.noise), drawn, advantages)
            (gradient,) = torch.autograd.grad(loss, weights)
            found = found._stepped(gradient, rate)
        return found

    def _stepped(self, gradient: torch.Tensor, rate: float) -> Adversary:
        """After a step of Adam."""
        step, (a, b) = self.step + 1, BETAS
        first = a * self.first + (1 - a) * gradient
        second = b * self.second + (1 - b) * gradient**2
        size = (second / (1 - b**step)).sqrt() + EPSILON
        weights = self.weights - rate * first / (1 - a**step) / size
        return Adversary(self.size, weights, first, second, step)

    def to_memory(self) -> dict[str, Any]:
        """Its state as JSON."""
        vectors = {name: getattr(self, name).tolist() for name in ("weights", "first", "second")}
        return {**vectors, "step": self.step}

    @classmethod
    def from_memory(cls, size: int, memory: Mapping[str, Any]) -> Adversary:
        """The policy of a memory. ValueError, one line, if it is not one of this size."""
        count = sum(math.prod(shape) for shape in shapes(size))
        vectors = [memory.get(name) for name in ("weights", "first", "second")]
        if not all(isinstance(one, list) and len(one) == count for one in vectors):
            raise ValueError(
                f"the adversary in the memory must have {count} weights and as many of each moment "
                "of Adam: restore the settings with which the run was made"
            )
        weights, first, second = (torch.tensor(one, dtype=torch.float32) for one in vectors)
        return cls(size, weights, first, second, int(memory["step"]))


def shapes(size: int) -> tuple[tuple[int, ...], ...]:
    """Shapes of the weights: three layers with biases, and the logarithms of the standard
    deviations.
    """
    return (
        *((NOISE, HIDDEN), (HIDDEN,), (HIDDEN, HIDDEN), (HIDDEN,)),
        *((HIDDEN, size), (size,), (size,)),
    )


def _policy(weights: torch.Tensor, size: int, noise: torch.Tensor) -> torch.distributions.Normal:
    """The distribution of actions, [n, k], given the noise [n, z].

    Differs: the means are squashed to [-1, 1]. Beyond it levels are clipped and no longer change,
    so that the rewards would not lead back.
    """
    parts = weights.split([math.prod(shape) for shape in shapes(size)])
    own = [part.reshape(shape) for part, shape in zip(parts, shapes(size), strict=True)]
    hidden = torch.tanh(noise @ own[0] + own[1])
    hidden = torch.tanh(hidden @ own[2] + own[3])
    return torch.distributions.Normal(torch.tanh(hidden @ own[4] + own[5]), own[6].exp())


def _loss(
    policy: torch.distributions.Normal, drawn: Drawn, advantages: torch.Tensor
) -> torch.Tensor:
    """PPO's clipped loss, with a bonus for entropy."""
    ratio = (policy.log_prob(drawn.actions).sum(1) - drawn.chances).exp()
    least = torch.minimum(ratio * advantages, ratio.clamp(1 - CLIP, 1 + CLIP) * advantages)
    return -least.mean() - ENTROPY * policy.entropy().sum(1).mean()
