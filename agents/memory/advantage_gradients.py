"""Derivatives of generalised advantage estimates in the discount gamma and in lambda.

Xu, van Hasselt & Silver 2018, "Meta-Gradient Reinforcement Learning" (arXiv 1805.09801) give the
derivatives of the lambda-return g_t. Here they are those of the advantage A_t = g_t - v_t, with the
values v held constant:

    dA_t = dgamma (v_{t+1} + lambda A_{t+1}) + dlambda gamma A_{t+1} + gamma lambda dA_{t+1}
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..ppo.advantages import Number


@dataclass(frozen=True)
class Eta:
    """The paper's eta = (gamma, lambda), or a direction in which they change."""

    gamma: Number
    lam: Number


def advantage_tangents(
    following: torch.Tensor, advantages: torch.Tensor, cuts: torch.Tensor, eta: Eta, direction: Eta
) -> torch.Tensor:
    """Directional derivative [t, n] of the advantages in eta.

    Args:
        following: [t, n], the value of what follows each step (ppo.advantages.gae).
        advantages: those of `gae` under `eta`, [t, n].
        cuts: [t, n] bool, the last steps of trials.
        eta: the point at which the derivative is taken.
        direction: the direction of the derivative.
    """
    result = torch.zeros_like(advantages)
    later, next_advantage = (torch.zeros_like(advantages[0]) for _ in range(2))
    for t in reversed(range(len(advantages))):
        gamma, lam = _at(eta.gamma, t), _at(eta.lam, t)
        later, next_advantage = (
            torch.where(cuts[t], 0.0, part) for part in (later, next_advantage)
        )
        later = (
            _at(direction.gamma, t) * (following[t] + lam * next_advantage)
            + _at(direction.lam, t) * gamma * next_advantage
            + gamma * lam * later
        )
        next_advantage = advantages[t]
        result[t] = later
    return result


def _at(number: Number, t: int) -> Number:
    """The number at step t; a tensor has one number per step, [t] or [t, n]."""
    return number[t] if isinstance(number, torch.Tensor) else number
