"""Actions of the rows of a rollout, in this process or on a device."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING

import numpy as np
import torch

from .networks import Policy

if TYPE_CHECKING:
    from .rollout import Machine


class CpuActor:
    """Actions of the running rows, by a compiled kernel that treats each row on its own."""

    def __init__(
        self,
        policy: Policy,
        weights: np.ndarray,
        member: np.ndarray,
        threads: int,
        pool: Executor | None,
    ):
        self.policy, self.weights, self.member = policy, weights, member
        self.threads, self.pool = threads, pool
        self.actions = torch.zeros(len(member), policy.sizes[-1])
        self.memory = policy.start(len(member))

    def __call__(self, observations: torch.Tensor, rows: np.ndarray) -> torch.Tensor:
        self.policy.act(
            self.weights,
            self.member,
            rows,
            observations.contiguous().numpy(),
            self.actions.numpy(),
            self.memory,
            pool=self.pool,
            threads=self.threads,
        )
        return self.actions


class DeviceActor:
    """Actions of all rows by the device's matrix products.

    Rows whose episodes have ended are computed too: leaving them out would save no time.
    """

    def __init__(self, policy: Policy, weights: torch.Tensor):
        self.policy, self.weights = policy, weights
        self.memory = torch.from_numpy(policy.start(len(weights))).to(weights.device)

    def __call__(self, observations: torch.Tensor, rows: np.ndarray) -> torch.Tensor:
        return self.policy.forward(self.weights, observations, self.memory)


def actor_of(
    policy: Policy,
    weights: torch.Tensor,
    member: np.ndarray,
    machine: Machine,
    pool: Executor | None,
) -> CpuActor | DeviceActor:
    """The actor for the machine's device. weights: [members, parameters]; member: [n] int64."""
    if machine.device == "cpu":
        return CpuActor(
            policy,
            weights.contiguous().numpy(),
            np.ascontiguousarray(member),
            machine.threads,
            pool,
        )
    return DeviceActor(policy, gathered_weights(weights, member, machine.device))


def gathered_weights(weights: torch.Tensor, member: np.ndarray, device: str) -> torch.Tensor:
    """The weights of each row's member on the device, [n, parameters]."""
    return weights.to(device)[torch.as_tensor(member, device=device)]
