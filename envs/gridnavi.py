"""GridNavi: a walk on a small grid to a goal that is not seen, only felt; VariBAD's didactic task.

Zintgraf et al. 2020, "VariBAD" (arXiv 1910.08348), sizes of the authors' code: 5 x 5 cells, start
in a corner, 21 goals, 15 steps, four episodes a life; 1 for a step that ends on the goal, else -.1.
The best way to search is a walk that enters a new cell with every step, and stays on the goal. What
evolves is where goals may be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import torch

from openpoet.settings import PositiveInt, Settings

from .parts.draws import Draws
from .parts.episodes import Episodes, Spec, State
from .parts.genome import Genomes, gene

MOST = 7  # cells along a side
# stay, up, right, down, left: columns right, rows up
MOVES = ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0))
FOUND, MISSED = 1.0, -0.1  # rewards


@dataclass(frozen=True)
class Cells:
    """A grid of size x size cells; goals are as likely in each, but for the clear x clear cells
    around the start.
    """

    size: int = gene(5, low=2, high=MOST, step=0.7)
    clear: int = gene(2, low=1, high=MOST - 1, step=0.7)

    @cached_property
    def goals(self) -> list[tuple[int, int]]:
        """Columns and rows."""
        return [
            (x, y) for x in range(self.size) for y in range(self.size) if max(x, y) >= self.clear
        ]


VARIBAD = Cells()


@dataclass(frozen=True)
class GridNaviSettings(Settings):
    horizon: Annotated[PositiveInt, "Steps of an episode."] = 15
    episodes: Annotated[PositiveInt, "Episodes of a trial."] = 4
    solved_score: Annotated[float, "Return of an episode, after adaptation, that is a success."] = (
        9.0
    )


class GridNavi(Genomes[Cells]):
    """Task family (poet.interfaces). Observed: column and row, each one-hot; five moves. Nothing
    ends early.
    """

    name = "gridnavi"
    realised_by = ("horizon",)
    start = Cells(3, 1)

    def __init__(self, settings: GridNaviSettings | None = None) -> None:
        self.settings = s = settings or GridNaviSettings()
        spec = Spec(
            2 * MOST, len(MOVES), s.horizon, s.episodes, s.solved_score, False, discrete=True
        )
        self.spec = spec.judged(0.4 * s.horizon, 0.0, 0.8 * s.horizon)

    def mutate(self, task: Cells, rng: np.random.Generator) -> Cells:
        """A neighbour; at least the farthest row and column may hold a goal."""
        return _with_goals(super().mutate(task, rng))

    def sample(
        self, rng: np.random.Generator, ranges: Mapping[str, tuple[float, float]] | None = None
    ) -> Cells:
        """Any task with goals."""
        return _with_goals(super().sample(rng, ranges))

    def decode(self, data: Mapping[str, Any]) -> Cells:
        task = super().decode(data)
        if not task.goals:
            raise ValueError(
                f"gridnavi.clear must be below its size, got {task.clear} of "
                f"{task.size}: no cell is left"
            )
        return task

    def simulator(self, tasks: Sequence[Cells], seeds: Sequence[int], device: str) -> Episodes:
        return Episodes(_Grid(tasks, seeds, device), len(tasks), self.settings.horizon, device)

    def oracle(self, task: Cells) -> float:
        """Mean return of an episode of who knows the goal."""
        return float(np.mean([self.found_at(x + y) for x, y in task.goals]))

    def found_at(self, step: int) -> float:
        """Return of an episode that is on the goal from this step on, counted from 1."""
        on = max(self.settings.horizon - step + 1, 0)
        return on * FOUND + (self.settings.horizon - on) * MISSED

    def blind(self, task: Cells) -> float:
        """What no first episode can beat on average: a new goal cell with every step from the first
        that can be one.

        There is such a walk on the 5 x 5 grid. Who has found the goal stays.
        """
        steps = range(min(x + y for x, y in task.goals), self.settings.horizon + 1)
        met = [self.found_at(step) for step in steps][: len(task.goals)]
        rest = (len(task.goals) - len(met)) * self.found_at(self.settings.horizon + 1)
        return (sum(met) + rest) / len(task.goals)

    def outline(self, task: Cells, state: Any = None) -> dict[str, list[np.ndarray]]:
        """The grid's border and the cells that may hold the goal; with a state, the walker and, as
        a ray, the goal.
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
    """World (episodes.World) of n walkers; at and goal: [n, 2] int64."""

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
        paid = torch.where(reached, FOUND * reached.double(), MISSED)
        return {"at": at, "goal": self.goal}, paid, torch.zeros_like(reached), reached

    def observe(self, state: State) -> torch.Tensor:
        return torch.nn.functional.one_hot(state["at"], MOST).flatten(1).float()
