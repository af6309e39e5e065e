"""A scalar plant x' = x + g u of unknown gain: a small control problem whose robust and adaptive
best are known.

Cost is the sum of x^2 over ten steps from x = 1. Who knows the gain pays 1; who must choose one
feedback for all plants, or identifies the plant by the first step, has a cost in closed form
(`static_cost`, `identifying_cost`): the test of domain randomisation, where a life draws its plant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch

from openpoet.settings import PositiveFloat, PositiveInt, Settings

from .parts.draws import Draws
from .parts.episodes import Episodes, Spec, State
from .parts.genome import Genomes, columns, gene

NEAR = 0.05  # of 0: controlled


@dataclass(frozen=True)
class Plant:
    """A life's gain is drawn uniformly, `spread` around `gain`."""

    gain: float = gene(1.0, low=0.1, high=3.0, step=0.1)
    spread: float = gene(0.0, low=0.0, high=2.0, step=0.1)


@dataclass(frozen=True)
class PlantSettings(Settings):
    push: Annotated[PositiveFloat, "Control u that an action of 1 applies."] = 2.0
    horizon: Annotated[PositiveInt, "Steps of an episode."] = 10
    episodes: Annotated[PositiveInt, "Episodes of a trial."] = 1
    solved_score: Annotated[float, "Return of an episode that is a success."] = -1.12
    threads: Annotated[PositiveInt | None, "Not used: torch has its own setting."] = None


class Plants(Genomes[Plant]):
    """Task family (poet.interfaces). Observed: x; a reward is -x^2 before the action."""

    name = "plant"
    realised_by = ("push", "horizon")
    start = Plant()

    def __init__(self, settings: PlantSettings | None = None) -> None:
        self.settings = s = settings or PlantSettings()
        spec = Spec(1, 1, s.horizon, s.episodes, s.solved_score, deterministic=False)
        # -horizon: of no action; -1: the highest return
        self.spec = spec.judged(-1.3, -s.horizon, -1.02)

    def simulator(self, tasks: Sequence[Plant], seeds: Sequence[int], device: str) -> Episodes:
        return Episodes(
            Loops(tasks, seeds, self.settings.push, device),
            len(tasks),
            self.settings.horizon,
            device,
        )

    def oracle(self, task: Plant) -> float:
        """Return of who knows the gain: x = 0 after one step."""
        return -1.0

    def outline(self, task: Plant, state: Any = None) -> dict[str, list[np.ndarray]]:
        layers = {
            "ground": [np.array([[-1.5, 0.0], [1.5, 0.0]]), np.array([[0.0, -0.1], [0.0, 0.1]])]
        }
        if state is not None:
            square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * 0.04
            layers["body"] = [square + np.array([float(state["x"]), 0.04])]
        return layers


class Loops:
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


def static_cost(feedback: float, gain: np.ndarray, horizon: int = 10) -> np.ndarray:
    """Cost of u = -feedback x, for each gain."""
    ratio = (1 - np.asarray(gain) * feedback) ** 2
    return (ratio[..., None] ** np.arange(horizon)).sum(-1)


def identifying_cost(feedback: float, gain: np.ndarray) -> np.ndarray:
    """Cost of u = -feedback at first, which tells the gain, and of the right u from then on."""
    return 1 + (1 - np.asarray(gain) * feedback) ** 2
