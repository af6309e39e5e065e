"""Derivatives of generalised advantage estimates in the discount gamma and in lambda.

Xu, van Hasselt & Silver 2018, "Meta-Gradient Reinforcement Learning" (arXiv 1805.09801) give the
derivatives of the lambda-return g_t. Here they are those of the advantage A_t = g_t - v_t, with the
values v held constant:

    dA_t = dgamma (v_{t+1} + lambda A_{t+1}) + dlambda gamma A_{t+1} + gamma lambda dA_{t+1}
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..rollouts.trials import Number, at


@dataclass(frozen=True)
class Eta:
    """The paper's eta = (gamma, lambda), or a direction in which they change."""

    gamma: Number
    lam: Number


def advantage_tangents(
    values: torch.Tensor, advantages: torch.Tensor, alive: torch.Tensor, eta: Eta, direction: Eta
) -> torch.Tensor:
    """Directional derivative [t, n] of the advantages in eta.

    Args:
        values: [t, n].
        advantages: those of `trials.advantages` under `eta`, [t, n].
        alive: [t, n] bool, False after the end of a trial.
        eta: the point at which the derivative is taken.
        direction: the direction of the derivative.
    """
    result = torch.zeros_like(advantages)
    later, next_value, next_advantage = (torch.zeros_like(advantages[0]) for _ in range(3))
    for t in reversed(range(len(values))):
        gamma, lam = at(eta.gamma, t), at(eta.lam, t)
        change = (
            at(direction.gamma, t) * (next_value + lam * next_advantage)
            + at(direction.lam, t) * gamma * next_advantage
        )
        later = torch.where(alive[t], change + gamma * lam * later, 0.0)
        next_value, next_advantage = (
            torch.where(alive[t], x[t], 0.0) for x in (values, advantages)
        )
        result[t] = later
    return result
