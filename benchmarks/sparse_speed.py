"""Walkers that are rewarded once, at the end of an episode, if they have had the hidden speed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from openpoet.envs.walker.body_draw import draw
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.hidden import SPEED
from openpoet.envs.walker.task import WalkerTask


class SparseSpeed:
    """The family `dense` with another reward: 1 at the end of an episode whose mean speed in its
    second half is within `near` [m/s] of the target, else 0.
    """

    def __init__(self, dense: Walker, near: float) -> None:
        self.dense, self.near, self.spec = dense, near, dense.spec

    def simulator(
        self, tasks: Sequence[WalkerTask], seeds: Sequence[int], device: str
    ) -> SparseSimulator:
        targets = [
            draw(task.body, seed).hidden.target_speed
            for task, seed in zip(tasks, seeds, strict=True)
        ]
        inner = self.dense.simulator(tasks, seeds, device)
        return SparseSimulator(inner, torch.tensor(targets), self.near, self.spec.horizon)


class SparseSimulator:
    """Simulator (poet.interfaces), but for `redraw`. targets: [n] in m/s."""

    def __init__(self, inner: Any, targets: torch.Tensor, near: float, horizon: int) -> None:
        self.inner, self.targets, self.near, self.horizon = inner, targets, near, horizon
        self.age = torch.zeros_like(targets)
        self.distance = torch.zeros_like(targets)  # in the second half of the episode [m/s x steps]
        self.ended = self.success = torch.zeros_like(targets, dtype=torch.bool)

    @property
    def steps(self) -> int:
        return int(self.inner.steps)

    def reset(self) -> torch.Tensor:
        return self._begin(torch.ones_like(self.ended), self.inner.reset())

    def restart(self, rows: torch.Tensor, count: int | torch.Tensor = 1) -> torch.Tensor:
        return self._begin(rows, self.inner.restart(rows, count))

    def step(self, actions: torch.Tensor) -> tuple[torch.Tensor, ...]:
        live = ~self.ended
        seen, _, terminated, truncated = self.inner.step(actions)
        self.age = self.age + live
        later = live & (self.age > self.horizon / 2)
        self.distance = self.distance + torch.where(later, seen[:, 2] / SPEED, 0.0)
        self.ended = terminated | truncated
        mean = self.distance / (self.horizon / 2)
        reached = live & truncated & ((mean - self.targets).abs() < self.near)
        self.success = self.success | reached
        return seen, reached.double(), terminated, truncated

    def _begin(self, rows: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        self.age, self.distance = (torch.where(rows, 0.0, x) for x in (self.age, self.distance))
        self.ended, self.success = self.ended & ~rows, self.success & ~rows
        return seen
