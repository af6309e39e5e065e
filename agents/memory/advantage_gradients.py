"""How advantages change with the discount and with lambda: what a meta-gradient needs, in closed
form.

Xu, van Hasselt & Silver 2018, "Meta-Gradient Reinforcement Learning" (arXiv 1805.09801), their
equations for the lambda-return g, here for A = g - v, of which the values v are given and do not
change:

    dA_t = dgamma (v_{t+1} + lambda A_{t+1}) + dlambda gamma A_{t+1} + gamma lambda dA_{t+1}
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

Number = float | torch.Tensor  # a tensor: [t] or [t, n], one a step, as in trials.advantages


@dataclass(frozen=True)
class Eta:
    """Discount and lambda; or a direction in which they change."""

    gamma: Number
    lam: Number


def advantage_tangents(
    values: torch.Tensor, gained: torch.Tensor, alive: torch.Tensor, eta: Eta, towards: Eta
) -> torch.Tensor:
    """The derivative of the advantages `gained` that trials.advantages gave under `eta`, along
    `towards`; [t, n].
    """
    result = torch.zeros_like(gained)
    later, after, gained_after = (torch.zeros_like(gained[0]) for _ in range(3))
    for t in reversed(range(len(values))):
        gamma, lam = at(eta.gamma, t), at(eta.lam, t)
        moved = (
            at(towards.gamma, t) * (after + lam * gained_after)
            + at(towards.lam, t) * gamma * gained_after
        )
        later = torch.where(alive[t], moved + gamma * lam * later, 0.0)
        after, gained_after = (torch.where(alive[t], x[t], 0.0) for x in (values, gained))
        result[t] = later
    return result


def at(number: Number, t: int) -> Number:
    """What it is at step t."""
    return number[t] if isinstance(number, torch.Tensor) else number
