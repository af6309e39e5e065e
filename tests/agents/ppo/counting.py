"""A family for tests of rollouts: every observation names its realisation, episode and step.

Observations: (the draw, number of the episode, step); a draw is seed % 999. The reward of step i is
i + 1. A row's episodes have 2 + draw % 3 steps; a task is whether they end by termination
("terminated") or by truncation ("truncated").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from openpoet.envs.parts.episodes import Spec


class Counting:
    def __init__(self, *, redraws: bool = True, deterministic: bool = False) -> None:
        self.spec = Spec(3, 2, 4, 1, solved_score=1.0, deterministic=deterministic)
        self.kind = Redrawing if redraws else Rows
        self.seeds: list[list[int]] = []  # of each simulator

    def origin(self) -> str:
        return "terminated"

    def simulator(self, tasks: Sequence[str], seeds: Sequence[int], device: str) -> Any:
        self.seeds.append(list(seeds))
        return self.kind(tasks, seeds)


class Rows:
    def __init__(self, tasks: Sequence[str], seeds: Sequence[int]) -> None:
        self.truncates = torch.tensor([task == "truncated" for task in tasks])
        self.draw = torch.tensor(seeds) % 999
        self.episode = torch.zeros_like(self.draw)
        self.age, self.steps = torch.zeros_like(self.draw), 0
        self.success = torch.ones_like(self.truncates)

    @property
    def ended(self) -> torch.Tensor:
        return self.age >= 2 + self.draw % 3

    def reset(self) -> torch.Tensor:
        return self.observed()

    def observed(self) -> torch.Tensor:
        return torch.stack([self.draw, self.episode, self.age], 1).float()

    def step(self, actions: torch.Tensor) -> tuple[torch.Tensor, ...]:
        live = ~self.ended
        self.age, self.steps = self.age + live, self.steps + int(live.sum())
        rewards = torch.where(live, self.age, 0).double()
        return self.observed(), rewards, self.ended & ~self.truncates, self.ended & self.truncates

    def restart(self, rows: torch.Tensor, count: int = 1) -> torch.Tensor:
        self.episode, self.age = self.episode + rows * count, torch.where(rows, 0, self.age)
        return self.observed()


class Redrawing(Rows):
    def redraw(self, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        self.draw = self.draw.clone()
        self.draw[rows] = torch.tensor(seeds) % 999
        self.episode = torch.where(rows, 0, self.episode)
        self.age = torch.where(rows, 0, self.age)
        return self.observed()
