"""What EPG's trials begin with, and what a generation of them gives.

Houthooft et al. 2018 (arXiv 1802.04821).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from ..parts.actions import Gaussian
from ..rollouts.episode_batches import Batch
from .epg_config import EPGConfig
from .policy_gradient import FeedforwardPolicy

MEMORY_INPUTS = 64  # constant inputs of the memory's layer (the authors' code)
Policies = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Initial:
    """What m trials begin with."""

    phi: torch.Tensor  # [m, parameters] of the loss
    policies: Policies  # [m, ...]
    noise: torch.Tensor  # [updates + 1, t, m, episodes, a] uniform in [0, 1), of the actions


@dataclass(frozen=True)
class Generation:
    """Trials of 2 n losses. epsilon: [2 n, parameters], the second half minus the first.
    batch: the last episodes, by trial. steps: of the environment.
    """

    epsilon: torch.Tensor
    batch: Batch
    steps: int


@dataclass(frozen=True)
class Starts:
    """Random policies and action noise of new trials. horizon: steps of an episode."""

    policy: FeedforwardPolicy
    config: EPGConfig
    horizon: int

    def policies(self, num_trials: int, generator: torch.Generator) -> Policies:
        """Random policies with mean actions near zero, and random memories, [trials, ...]."""
        policies, sizes = {}, self.policy.network.sizes
        for layer in range(len(sizes) - 1):
            bound = (0.1 if layer == len(sizes) - 2 else 1.0) / math.sqrt(max(sizes[layer], 1))
            shape = (num_trials, sizes[layer + 1], sizes[layer])
            policies[f"w{layer}"] = (2 * torch.rand(shape, generator=generator) - 1) * bound
            policies[f"b{layer}"] = torch.zeros(num_trials, sizes[layer + 1])
        if isinstance(self.policy.actions, Gaussian):
            log_std = math.log(self.config.action_std)
            policies["log_std"] = torch.full((num_trials, self.policy.actions.size), log_std)
        k = self.config.memory
        normal = torch.randn(num_trials, k, MEMORY_INPUTS, generator=generator)
        policies["memory_weight"] = normal / math.sqrt(MEMORY_INPUTS)
        policies["memory_bias"] = torch.zeros(num_trials, k)
        return {name: value.to(self.config.device) for name, value in policies.items()}

    def noise(self, num_trials: int, generator: torch.Generator) -> torch.Tensor:
        """Uniform in [0, 1), see Initial."""
        c = self.config
        shape = (c.updates + 1, self.horizon, num_trials, c.episodes, self.policy.actions.size)
        return torch.rand(shape, generator=generator).to(c.device)


def by_level(batch: Batch, num_levels: int) -> Batch:
    """The batch of antithetic pairs with the episodes of a pair adjacent."""
    rows = torch.arange(len(batch.returns)).reshape(2, num_levels, -1).transpose(0, 1).flatten()
    return batch.rows(rows.to(batch.returns.device))
