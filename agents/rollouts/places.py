"""Where rollouts run, and where their weights are made: in this process, or in many
(distributed.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from .networks import Policy
from .rollout import Episodes, Machine, rollout

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Task, TaskFamily


class WeightSource(Protocol):
    """The weights of some members, made where they are needed: it takes less room than they do."""

    def __len__(self) -> int:
        """The number of members."""
        ...

    def make(self, members: np.ndarray) -> torch.Tensor:
        """Weights [k, parameters] float32 of these members [k]; each depends on its number
        alone.
        """
        ...


# [members, parameters] float32; or sources, whose members follow one another
Weights = torch.Tensor | Sequence[WeightSource]


def made(weights: Weights) -> torch.Tensor:
    """All weights, [members, parameters] float32."""
    if isinstance(weights, torch.Tensor):
        return weights
    return torch.cat([source.make(np.arange(len(source))) for source in weights])


class Rollouts(Protocol):
    """Where rollouts run: in this process (InProcess), or in many (distributed.RayRollouts)."""

    @property
    def workers(self) -> int:
        """Number of processes; each runs up to machine.max_rows episodes side by side."""
        ...

    def rollout(
        self,
        policy: Policy,
        family: TaskFamily,
        weights: Weights,
        member: np.ndarray,
        tasks: Sequence[Task],
        seeds: Sequence[int],
        *,
        machine: Machine,
    ) -> Episodes: ...

    def each(self, function: Callable[..., Any], items: Sequence[tuple[Any, ...]]) -> list[Any]:
        """function(*item) for each item; a pure function of a module, which may run elsewhere."""
        ...


class InProcess:
    """Rollouts in this process."""

    workers = 1

    def rollout(
        self,
        policy: Policy,
        family: TaskFamily,
        weights: Weights,
        member: np.ndarray,
        tasks: Sequence[Task],
        seeds: Sequence[int],
        *,
        machine: Machine,
    ) -> Episodes:
        """See the function `rollout`."""
        return rollout(policy, family, made(weights), member, tasks, seeds, machine=machine)

    def each(self, function: Callable[..., Any], items: Sequence[tuple[Any, ...]]) -> list[Any]:
        return [function(*item) for item in items]
