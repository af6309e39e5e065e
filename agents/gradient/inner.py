"""The inner step of learners that adapt by gradient: one descent step of each trial's parameters.

Trials are independent, so one gradient of the sum of their losses gives the gradient of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from ..parts.lifetimes import Control, Lifetime, next_episode
from ..rollouts.episode_batches import Batch

Parameters = Mapping[str, torch.Tensor]  # [trials, ...] each
# What an outer gradient differentiates: nothing (0), the initial parameters with the inner gradient
# held constant (1), or the inner gradient as well (2).
Order = Literal[0, 1, 2]
ADAPTED: Lifetime = "trial"  # of adapted parameters


@dataclass(frozen=True)
class AdaptedTrials:
    """Trials of an outer step. before: the episodes that each inner step learned from. parameters:
    after these steps, [trials, ...]. after: episodes of these, if they were played.
    """

    before: Sequence[Batch]
    parameters: Parameters
    after: Batch | None

    @property
    def number(self) -> int:
        return len(next(iter(self.parameters.values())))

    @property
    def adapted(self) -> Batch:
        """The episodes after adaptation."""
        assert self.after is not None, "played where it is learned from"
        return self.after


def step(
    losses: Callable[[Parameters], torch.Tensor],
    parameters: Parameters,
    rates: float | Mapping[str, torch.Tensor],
    order: Order = 0,
) -> dict[str, torch.Tensor]:
    """Parameters after one step of gradient descent.

    losses: parameters -> [trials]. rates: one step size, or one for each name. Parameters that the
    losses do not depend on are unchanged.
    """
    if order == 0:
        parameters = {name: value.detach().requires_grad_() for name, value in parameters.items()}
    total = losses(parameters).sum()
    gradients = torch.autograd.grad(
        total, list(parameters.values()), create_graph=order == 2, allow_unused=True
    )
    updated = {}
    for (name, value), gradient in zip(parameters.items(), gradients, strict=True):
        start = value.detach() if order == 0 else value
        rate = rates if isinstance(rates, float) else rates[name]
        updated[name] = start if gradient is None else start - rate * gradient
    return updated


def after_update(
    updated: Parameters, initial: Parameters, control: Control = "none"
) -> dict[str, torch.Tensor]:
    """The parameters that trials continue with after an update, under an evaluation's control.

    initial: those that the trials began with. See lifetimes.next_episode.
    """
    names = sorted(updated)
    every = torch.ones(len(updated[names[0]]), dtype=torch.bool, device=updated[names[0]].device)
    state, fresh = (tuple(named[name] for name in names) for named in (updated, initial))
    state = next_episode(state, fresh, [ADAPTED] * len(names), every, control)
    return dict(zip(names, state, strict=True))
