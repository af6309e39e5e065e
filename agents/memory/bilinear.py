"""Outer products for a recurrent network that meets one-hot observations and actions: a table's
view of a trial.

What is given to the memory holds the outer product of the last observation and the last action, and
that times the last reward; what the memory says is multiplied with the observation. So every pair
of state and action has input weights of its own, and every state its own read-out, from which what
was paid where can be told from the first step of learning on. Side by side, a network has to find
products before it can remember anything (multiplicative
interactions: Jayakumar et al. 2020, "Multiplicative Interactions and Where to Find Them").
"""

from __future__ import annotations

import torch


def input_size(observations: int, actions: int) -> int:
    return observations + 2 * observations * actions + 2


def outer_product_inputs(inputs: torch.Tensor, observations: int) -> torch.Tensor:
    """[..., i] of a trial's inputs with the last observation (trials.run_trials, twice)."""
    actions = inputs.shape[-1] - 2 * observations - 3
    seen, before, action, reward, rest = inputs.split(
        [observations, observations, actions, 1, 2], -1
    )
    pair = (before[..., :, None] * action[..., None, :]).flatten(-2)
    return torch.cat([seen, pair, pair * reward, rest], -1)


def bilinear_readout(said: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """[..., k] from what the memory says [..., (1 + o) k] and an observation [..., o]: bilinear in
    both.
    """
    always, by_state = said.unflatten(-1, (1 + seen.shape[-1], -1)).split([1, seen.shape[-1]], -2)
    return always.squeeze(-2) + (by_state * seen[..., None]).sum(-2)
