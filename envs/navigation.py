"""Point navigation to an unobserved goal; the genome is the distribution of goals.

Sources: goals on an arc with a sparse reward near the goal, as in MAESN (arXiv 1802.07245) and the
point robot of later work; goals in a square, as in MAML (arXiv 1703.03400). The goal is drawn once
per trial.
Differs: every episode has `horizon` steps; MAML's ends at the goal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch

from openpoet.settings import Count, PositiveFloat, Settings

from .parts.draws import Draws
from .parts.episodes import Episodes, Spec, State
from .parts.genome import Genomes, choice, columns, gene

Reward = Literal["dense", "sparse", "progress"]


@dataclass(frozen=True)
class Goals:
    """Distribution of the goal of a trial.

    arc: distance uniform in `distance` +- `spread`, angle uniform in an interval of `width` [rad]
    around `angle`.
    square: uniform in the square of half side `distance`.
    """

    shape: str = choice("arc", "square")
    distance: float = gene(0.3, low=0.1, high=3.0, step=0.15)
    spread: float = gene(0.0, low=0.0, high=1.0, step=0.05)
    angle: float = gene(1.571, low=-3.142, high=3.142, step=0.3)
    width: float = gene(1.5, low=0.0, high=6.284, step=0.4)


HALF_CIRCLE = Goals("arc", 1.0, 0.0, 1.571, 3.142)
SQUARE = Goals("square", 0.5)


THRESHOLDS = {  # POET's reproduce_at, mc_low and mc_high, per step
    "dense": (-0.2, -0.6, -0.08),
    "sparse": (0.45, 0.05, 0.6),
    "progress": (0.0075, 0.0, 0.09),
}
SOLVED = {"dense": -0.15, "sparse": 0.5, "progress": 0.0125}  # per step


@dataclass(frozen=True)
class NavigationSettings(Settings):
    reward: Annotated[
        Reward,
        "dense: minus the distance to the goal. sparse: 1 minus the distance, within `near`. "
        "progress: metres by which the distance shrinks.",
    ] = "dense"
    step: Annotated[PositiveFloat, "Largest move along each axis in a step [m]."] = 0.1
    arena: Annotated[
        PositiveFloat | None, "Half the side of a walled square [m]; none: an open plane."
    ] = None
    near: Annotated[
        PositiveFloat, "Radius of the goal [m]: where it is reached and sparse reward begins."
    ] = 0.2
    horizon: Annotated[Count, "Steps of an episode."] = 20
    episodes: Annotated[Count, "Episodes of a trial."] = 4
    solved_score: Annotated[
        float | None,
        "Return of an episode, after adaptation, that is a success; none: by reward and horizon.",
    ] = None


class Navigation(Genomes[Goals]):
    """Task family (poet.interfaces). Observation: the position [2]. Action: a move [2], in units of
    `step`.
    """

    name = "navigation"
    realised_by = ("reward", "step", "arena", "near", "horizon")
    start = Goals()

    def __init__(self, settings: NavigationSettings | None = None) -> None:
        self.settings = s = settings or NavigationSettings()
        score = SOLVED[s.reward] * s.horizon if s.solved_score is None else s.solved_score
        spec = Spec(2, 2, s.horizon, s.episodes, score, deterministic=False, dt=0.1)
        self.spec = spec.with_thresholds(*(share * s.horizon for share in THRESHOLDS[s.reward]))

    def simulator(self, tasks: Sequence[Goals], seeds: Sequence[int], device: str) -> Episodes:
        return Episodes(
            lambda seeds: Plane(goals(tasks, seeds, device), self.settings),
            seeds,
            self.settings.horizon,
            device,
        )

    def oracle(self, tasks: Sequence[Goals], seeds: Sequence[int]) -> np.ndarray:
        """Return of an episode [n] under the optimal policy with known goals, which moves along
        both axes at once.
        """
        where = goals(tasks, seeds, "cpu")
        world = Plane(where, self.settings)
        state, total = (
            world.begin(torch.zeros(len(where), dtype=torch.int64)),
            torch.zeros(len(where)).double(),
        )
        for _ in range(self.settings.horizon):
            move = ((where - state["at"]) / self.settings.step).clamp(-1, 1)
            state, rewards, _, _ = world.advance(state, move.float())
            total += rewards
        return total.numpy()

    def outline(self, task: Goals, state: Any = None) -> dict[str, list[np.ndarray]]:
        """A plan of the region of goals; with a state, the point, its goal and, as a ray, the line
        between.
        """
        square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]])
        if task.shape == "square":
            zone = square * task.distance
        else:
            angles = np.linspace(task.angle - task.width / 2, task.angle + task.width / 2, 50)
            arc = np.stack([np.cos(angles), np.sin(angles)], 1)
            spread = max(task.spread, 0.01)  # an arc without width would be invisible
            near, far = (arc * max(task.distance + side * spread, 0.0) for side in (-1, 1))
            zone = np.concatenate([near, far[::-1], near[:1]])
        layers = {"ground": [zone, square * 0.03]}
        if state is not None:
            at, goal = np.asarray(state["at"], float), np.asarray(state["goal"], float)
            diamond = np.array([[-1, 0], [0, -1], [1, 0], [0, 1], [-1, 0]]) * 0.06
            turn = np.linspace(0, 2 * np.pi, 33)
            circle = goal + self.settings.near * np.stack([np.cos(turn), np.sin(turn)], 1)
            layers |= {"goal": [circle], "body": [at + diamond], "ray": [np.array([at, goal])]}
        return layers


def goals(tasks: Sequence[Goals], seeds: Sequence[int], device: str) -> torch.Tensor:
    """The goal of each trial, [n, 2] float64."""
    if not tasks:
        return torch.zeros(0, 2, dtype=torch.float64, device=device)
    g, (one, two) = columns(tasks, device), Draws(seeds, device).uniform("goal", 2).unbind(1)
    angle = g["angle"] + (one - 0.5) * g["width"]
    radius = (g["distance"] + (2 * two - 1) * g["spread"]).clamp(min=0.0)
    arc = torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], 1)
    square = (2 * torch.stack([one, two], 1) - 1) * g["distance"][:, None]
    flat = torch.tensor([task.shape == "square" for task in tasks], device=device)[:, None]
    return torch.where(flat, square, arc)


class Plane:
    """World (episodes.World) of n points that start in the origin; goal: [n, 2] float64."""

    def __init__(self, goal: torch.Tensor, settings: NavigationSettings) -> None:
        self.goal, self.settings = goal, settings

    def begin(self, episode: torch.Tensor) -> State:
        return {"at": torch.zeros_like(self.goal), "goal": self.goal}

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        s, before = self.settings, torch.linalg.vector_norm(state["at"] - self.goal, dim=1)
        at = state["at"] + s.step * actions.double().clamp(-1, 1)
        at = at if s.arena is None else at.clamp(-s.arena, s.arena)
        distance = torch.linalg.vector_norm(at - self.goal, dim=1)
        reached = distance <= s.near
        if s.reward == "dense":
            rewards = -distance
        elif s.reward == "sparse":
            rewards = torch.where(reached, 1 - distance, 0.0)
        else:
            rewards = before - distance
        return {"at": at, "goal": self.goal}, rewards, torch.zeros_like(reached), reached

    def observe(self, state: State) -> torch.Tensor:
        return state["at"].float()
