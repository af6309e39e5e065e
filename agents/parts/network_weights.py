"""The network weights among an agent's named tensors: those whose names hold no `/`.

Names with a `/` hold training state, such as an optimiser's moments, a replay buffer or a schedule.
Acting does not depend on it, and `adopt` resets it. Exceptions, which `adopt` keeps, are `hyper/`
(hyperparameters.py) and `normaliser/`, the statistics that a policy normalises its inputs by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch


def weight_names(names: Iterable[str]) -> list[str]:
    """The names of network weights, sorted.

    A fixed order keeps sums over them independent of the order in which the agent was stored.
    """
    return sorted(name for name in names if "/" not in name)


def network_weights(
    agent: Mapping[str, torch.Tensor], device: str | None = None
) -> dict[str, torch.Tensor]:
    """The agent's network weights, moved to `device` if one is given."""
    names = weight_names(agent)
    return {name: agent[name] if device is None else agent[name].to(device) for name in names}


def cloned_weights(agent: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Copies of the agent's network weights, as `adopt` needs them."""
    return {name: agent[name].clone() for name in weight_names(agent)}
