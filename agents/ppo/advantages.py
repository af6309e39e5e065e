"""Generalised advantage estimates along rollouts in which trials end and begin.

Schulman et al. 2016, "High-Dimensional Continuous Control Using Generalized Advantage Estimation"
(arXiv 1506.02438).
"""

from __future__ import annotations

import torch

Number = float | torch.Tensor  # a tensor, [t] or [t, n], holds one number per step


def gae(
    rewards: torch.Tensor,
    values: torch.Tensor,
    following: torch.Tensor,
    cuts: torch.Tensor,
    *,
    gamma: Number,
    lam: Number,
) -> torch.Tensor:
    """Advantages [t, n].

        delta_t = r_t + gamma V'_t - V_t
        A_t = delta_t + gamma lam A_{t+1}, without the second term at a cut

    Args:
        rewards, values: [t, n]; values are those of the policy's inputs before each step.
        following: V' [t, n], the value of what follows each step: that of the next step, that of
            the last observation where a trial was truncated, 0 where it terminated.
        cuts: [t, n] bool, the last steps of trials. The last step of the rollout is cut in any
            case: what follows is in `following`.
    """
    gamma, lam = _by_row(gamma), _by_row(lam)
    deltas = rewards + gamma * following - values
    kept = gamma * lam * (~cuts).to(values.dtype)
    result, later = torch.empty_like(values), torch.zeros_like(values[0])
    for t in reversed(range(len(values))):
        later = deltas[t] + kept[t] * later
        result[t] = later
    return result


def _by_row(number: Number) -> Number:
    """[t] as [t, 1], for products with [t, n]."""
    return number[:, None] if isinstance(number, torch.Tensor) and number.dim() == 1 else number
