"""A family for tests of meta-learners: guess a hidden side; the next observation is whether the
guess was right.

A trial has two episodes of two steps. The best return with memory across episodes is 3.5, since
only the first guess is random; without it 3, since the first guess of each episode is random.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from openpoet.envs.parts.draws import Draws
from openpoet.envs.parts.episodes import Episodes, Spec, State


class Sides:
    def __init__(self, share: torch.Tensor, seeds: Sequence[int], device: str) -> None:
        self.right = Draws(seeds, device).uniform("side", 1)[:, 0] < share

    def begin(self, episode: torch.Tensor) -> State:
        return {"hit": torch.zeros(len(self.right), 1)}

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        hit = (actions.argmax(1) == 1) == self.right
        return {"hit": hit[:, None].float()}, hit.double(), torch.zeros_like(hit), hit

    def observe(self, state: State) -> torch.Tensor:
        return state["hit"]


class Guessing:
    """A task is the probability of side 1."""

    def __init__(self) -> None:
        self.spec = Spec(
            1, 2, horizon=2, episodes=2, solved_score=1.8, deterministic=False, discrete=True
        )

    def origin(self) -> float:
        return 0.5

    def mutate(self, task: float, rng: np.random.Generator) -> float:
        return float(np.clip(task + rng.uniform(-0.1, 0.1), 0.1, 0.9))

    def describe(self, task: float) -> np.ndarray:
        return np.array([task])

    def encode(self, task: float) -> dict[str, Any]:
        return {"schema": 1, "share": task}

    def decode(self, data: Mapping[str, Any]) -> float:
        if data.get("schema") != 1 or type(data.get("share")) is not float:
            raise ValueError(f"not a guessing task: {dict(data)!r}")
        return data["share"]

    def simulator(self, tasks: Sequence[float], seeds: Sequence[int], device: str) -> Episodes:
        share = torch.tensor(tasks, dtype=torch.float64, device=device)
        return Episodes(lambda seeds: Sides(share, seeds, device), seeds, self.spec.horizon, device)

    def outline(self, task: float, state: Any = None) -> dict[str, list[np.ndarray]]:
        layers = {"ground": [np.array([[0.0, 0.0], [1.0, task]])]}
        return (
            layers
            if state is None
            else {**layers, "body": [np.array([[float(state["hit"][0]), 0.0]])]}
        )
