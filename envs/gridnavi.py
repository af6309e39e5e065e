"""GridNavi: a small grid with an unobserved goal, VariBAD's didactic task.

Zintgraf et al. 2020, "VariBAD" (arXiv 1910.08348), with the sizes of the authors' code: 5 x 5
cells, start in a corner, 21 goals, 15 steps, four episodes per trial; the reward is 1 for a step
that ends on the goal, else -0.1. The optimal search enters a new cell with every step and stays on
the goal once it is found. The genome is the distribution of goals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import torch

from openpoet.settings import Count, Settings

from .parts.draws import Draws
from .parts.episodes import Episodes, Spec, State
from .parts.genome import Genomes, gene

MOST = 7  # cells along a side
# stay, up, right, down, left: columns right, rows up
MOVES = ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0))
FOUND, MISSED = 1.0, -0.1  # rewards


@dataclass(frozen=True)
class Cells:
    """A grid of size x size cells; the goal is uniform over cells outside the clear x clear corner
    that contains the start.
    """

    size: int = gene(5, low=2, high=MOST, step=0.7)
    clear: int = gene(2, low=1, high=MOST - 1, step=0.7)

    @cached_property
    def goals(self) -> list[tuple[int, int]]:
        """Cells that may hold the goal, as (column, row)."""
        return [
            (x, y) for x in range(self.size) for y in range(self.size) if max(x, y) >= self.clear
        ]


VARIBAD = Cells()


@dataclass(frozen=True)
class GridNaviSettings(Settings):
    horizon: Annotated[Count, "Steps of an episode."] = 15
    episodes: Annotated[Count, "Episodes of a trial."] = 4
    solved_score: Annotated[float, "Return of an episode, after adaptation, that is a success."] = (
        9.0
    )


class GridNavi(Genomes[Cells]):
    """Task family (poet.interfaces). Observation: column and row, each one-hot. Five discrete
    moves; episodes have a fixed length.
    """

    name = "gridnavi"
    realised_by = ("horizon",)
    start = Cells(3, 1)

    def __init__(self, settings: GridNaviSettings | None = None) -> None:
        self.settings = s = settings or GridNaviSettings()
        spec = Spec(
            2 * MOST, len(MOVES), s.horizon, s.episodes, s.solved_score, False, discrete=True
        )
        self.spec = spec.with_thresholds(0.4 * s.horizon, 0.0, 0.8 * s.horizon)

    def mutate(self, task: Cells, rng: np.random.Generator) -> Cells:
        """A neighbour; at least the farthest row and column remain possible goals."""
        return _with_goals(super().mutate(task, rng))

    def sample(
        self, rng: np.random.Generator, ranges: Mapping[str, tuple[float, float]] | None = None
    ) -> Cells:
        """A random task with at least one possible goal."""
        return _with_goals(super().sample(rng, ranges))

    def followed(self, task: Cells, name: str) -> Cells:
        if name == "clear":  # the grid grows around a larger clear corner
            return replace(task, size=max(task.size, task.clear + 1))
        return _with_goals(task)

    def decode(self, data: Mapping[str, Any]) -> Cells:
        task = super().decode(data)
        if not task.goals:
            raise ValueError(
                f"gridnavi.clear must be below its size, got {task.clear} of "
                f"{task.size}: no cell is left"
            )
        return task

    def simulator(self, tasks: Sequence[Cells], seeds: Sequence[int], device: str) -> Episodes:
        return Episodes(
            lambda seeds: _Grid(tasks, seeds, device), seeds, self.settings.horizon, device
        )

    def oracle(self, task: Cells) -> float:
        """Mean return of an episode under the optimal policy with a known goal."""
        return float(np.mean([self.found_at(x + y) for x, y in task.goals]))

    def found_at(self, step: int) -> float:
        """Return of an episode that reaches the goal at this step, counted from 1, and stays."""
        on = max(self.settings.horizon - step + 1, 0)
        return on * FOUND + (self.settings.horizon - on) * MISSED

    def blind(self, task: Cells) -> float:
        """Upper bound of the mean return of a first episode, where the goal is unknown.

        The bound assumes a walk that enters a new goal cell with every step, from the first step
        that can reach one, and stays at the goal. On the 5 x 5 grid such a walk exists.
        """
        steps = range(min(x + y for x, y in task.goals), self.settings.horizon + 1)
        found = [self.found_at(step) for step in steps][: len(task.goals)]
        rest = (len(task.goals) - len(found)) * self.found_at(self.settings.horizon + 1)
        return (sum(found) + rest) / len(task.goals)

    def outline(self, task: Cells, state: Any = None) -> dict[str, list[np.ndarray]]:
        """The border and the possible goal cells; with a state, the agent and, as a ray, the
        goal.
        """
        square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], float)
        layers = {
            "ground": [
                square * task.size,
                *(np.array(goal) + 0.1 + 0.8 * square for goal in task.goals),
            ]
        }
        if state is not None:
            at, goal = (np.array(state[name], float) for name in ("at", "goal"))
            layers |= {"body": [at + 0.3 + 0.4 * square], "ray": [goal + 0.4 + 0.2 * square]}
        return layers


def _with_goals(task: Cells) -> Cells:
    return replace(task, clear=min(task.clear, task.size - 1))


class _Grid:
    """World (episodes.World) of n agents; at and goal: [n, 2] int64, column and row."""

    def __init__(self, tasks: Sequence[Cells], seeds: Sequence[int], device: str) -> None:
        chance = Draws(seeds).uniform("goal", 1)[:, 0].tolist()
        goals = [
            task.goals[int(u * len(task.goals))] for task, u in zip(tasks, chance, strict=True)
        ]
        self.goal = torch.tensor(goals, dtype=torch.int64, device=device).reshape(len(tasks), 2)
        self.far = torch.tensor([[task.size - 1] for task in tasks], device=device).reshape(
            len(tasks), 1
        )
        self.moves = torch.tensor(MOVES, device=device)

    def begin(self, episode: torch.Tensor) -> State:
        return {"at": torch.zeros_like(self.goal), "goal": self.goal}

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        there = state["at"] + self.moves[actions.argmax(1)]
        at = torch.minimum(there.clamp(min=0), self.far)
        reached = (at == self.goal).all(1)
        rewards = torch.where(reached, FOUND * reached.double(), MISSED)
        return {"at": at, "goal": self.goal}, rewards, torch.zeros_like(reached), reached

    def observe(self, state: State) -> torch.Tensor:
        return torch.nn.functional.one_hot(state["at"], MOST).flatten(1).float()
