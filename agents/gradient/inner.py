"""The inner step of learners that adapt by gradient: one descent step of each trial's parameters on
a loss of their own.

EpisodeBatches are independent, so one gradient of the sum of their losses serves all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch

from ..parts.lifetimes import Control, Lifetime, next_episode

Parameters = Mapping[str, torch.Tensor]  # [trials, ...] each
# How much of a step an outer gradient sees: nothing (0), where it started from (1), and the slopes
# there too (2).
Order = Literal[0, 1, 2]
ADAPTED: Lifetime = "trial"  # how long parameters that have moved last


def step(
    losses: Callable[[Parameters], torch.Tensor],
    parameters: Parameters,
    rates: float | Mapping[str, torch.Tensor],
    order: Order = 0,
) -> dict[str, torch.Tensor]:
    """Parameters after one step of gradient descent. losses: of parameters, [trials]; rates: one,
    or one a name.

    What the losses do not depend on stays as it is.
    """
    if order == 0:
        parameters = {name: value.detach().requires_grad_() for name, value in parameters.items()}
    total = losses(parameters).sum()
    slopes = torch.autograd.grad(
        total, list(parameters.values()), create_graph=order == 2, allow_unused=True
    )
    moved = {}
    for (name, value), slope in zip(parameters.items(), slopes, strict=True):
        start = value.detach() if order == 0 else value
        rate = rates if isinstance(rates, float) else rates[name]
        moved[name] = start if slope is None else start - rate * slope
    return moved


def handed(
    moved: Parameters, first: Parameters, control: Control = "none"
) -> dict[str, torch.Tensor]:
    """The parameters with which trials go on after an update; first: those they began with."""
    names = sorted(moved)
    every = torch.ones(len(moved[names[0]]), dtype=torch.bool, device=moved[names[0]].device)
    parts, fresh = (tuple(named[name] for name in names) for named in (moved, first))
    return dict(
        zip(names, next_episode(parts, fresh, [ADAPTED] * len(names), every, control), strict=True)
    )
