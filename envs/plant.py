"""A scalar linear plant x' = x + g u with unknown gain g: a control problem whose best robust and
best adaptive costs are known in closed form.

The cost is the sum of x^2 over ten steps from x = 1. With a known gain the optimal cost is 1, if
one action can move x to 0 (else see `best_cost`). The costs of one static feedback for all plants
and of a controller that identifies the gain from the first step are `static_cost` and
`identifying_cost`. With a gain drawn anew for each trial, this is the test case of domain
randomisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch

from openpoet.settings import Count, PositiveFloat, Settings, Threads

from .parts.draws import Draws
from .parts.episodes import Episodes, Spec, State
from .parts.genome import Genomes, columns, gene

NEAR = 0.05  # |x| up to this counts as controlled
POINT = 1e-6  # a narrower range of moves counts as one: a mean over it would lose digits


@dataclass(frozen=True)
class Plant:
    """The gain of a trial is uniform in [gain - spread, gain + spread]."""

    gain: float = gene(1.0, low=0.1, high=3.0, step=0.1)
    spread: float = gene(0.0, low=0.0, high=2.0, step=0.1)


@dataclass(frozen=True)
class PlantSettings(Settings):
    push: Annotated[PositiveFloat, "Control u that an action of 1 applies."] = 2.0
    horizon: Annotated[Count, "Steps of an episode."] = 10
    episodes: Annotated[Count, "Episodes of a trial."] = 1
    solved_score: Annotated[float, "Return of an episode that is a success."] = -1.12
    threads: Annotated[Threads | None, "Not used: torch has its own setting."] = None


class Plants(Genomes[Plant]):
    """Task family (poet.interfaces). Observation: x. Reward: -x^2 before the action."""

    name = "plant"
    realised_by = ("push", "horizon")
    start = Plant()

    def __init__(self, settings: PlantSettings | None = None) -> None:
        self.settings = s = settings or PlantSettings()
        spec = Spec(1, 1, s.horizon, s.episodes, s.solved_score, deterministic=False)
        # without actions the return is -horizon; the highest is -1, if one action reaches x = 0
        self.spec = spec.with_thresholds(-1.3, -s.horizon, -1.02)

    def simulator(self, tasks: Sequence[Plant], seeds: Sequence[int], device: str) -> Episodes:
        return Episodes(
            lambda seeds: _PlantWorld(tasks, seeds, self.settings.push, device),
            seeds,
            self.settings.horizon,
            device,
        )

    def oracle(self, task: Plant) -> float:
        """Mean return of the optimal policy with known gains: as near to x = 0 as an action of 1
        moves, in each step.
        """
        low, high = (self.settings.push * (task.gain + end * task.spread) for end in (-1, 1))
        if high - low < POINT:
            return -best_cost(self.settings.push * task.gain, self.settings.horizon)
        whole, part = (summed_cost(move, self.settings.horizon) for move in (high, low))
        return -(whole - part) / (high - low)

    def outline(self, task: Plant, state: Any = None) -> dict[str, list[np.ndarray]]:
        layers = {
            "ground": [np.array([[-1.5, 0.0], [1.5, 0.0]]), np.array([[0.0, -0.1], [0.0, 0.1]])]
        }
        if state is not None:
            square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * 0.04
            layers["body"] = [square + np.array([float(state["x"]), 0.04])]
        return layers


class _PlantWorld:
    """World (episodes.World) of n plants; x: [n] float64."""

    def __init__(
        self, tasks: Sequence[Plant], seeds: Sequence[int], push: float, device: str
    ) -> None:
        g, chance = columns(tasks, device), Draws(seeds, device).uniform("gain", 1)[:, 0]
        self.gain = g["gain"] + (2 * chance - 1) * g["spread"] if tasks else chance
        self.push = push

    def begin(self, episode: torch.Tensor) -> State:
        return {"x": torch.ones_like(self.gain)}

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        x = state["x"] + self.gain * self.push * actions[:, 0].double().clamp(-1, 1)
        near = x.abs() <= NEAR
        return {"x": x}, -(state["x"] ** 2), torch.zeros_like(near), near

    def observe(self, state: State) -> torch.Tensor:
        return state["x"][:, None].float()


def best_cost(move: float, horizon: int = 10) -> float:
    """Least cost with a known gain. move: what an action of 1 adds to x, of either sign."""
    left = np.maximum(1 - np.arange(horizon) * abs(move), 0)
    return float((left**2).sum())


def summed_cost(move: float, horizon: int = 10) -> float:
    """The integral of `best_cost` from 0 to this move."""
    t = np.arange(1, horizon)
    ended = 1 - np.maximum(1 - t * abs(move), 0) ** 3
    return float(np.copysign(abs(move) + (ended / (3 * t)).sum(), move))


def static_cost(feedback: float, gain: np.ndarray, horizon: int = 10) -> np.ndarray:
    """Cost of the static controller u = -feedback x, for each gain."""
    ratio = (1 - np.asarray(gain) * feedback) ** 2
    return (ratio[..., None] ** np.arange(horizon)).sum(-1)


def identifying_cost(feedback: float, gain: np.ndarray) -> np.ndarray:
    """Cost of an adaptive controller, for each gain: u = -feedback in the first step, which reveals
    the gain, and the optimal u afterwards.
    """
    return 1 + (1 - np.asarray(gain) * feedback) ** 2
