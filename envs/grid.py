"""Deterministic, fully observed grid worlds with a fixed goal: the smallest environments in which
one successful episode is enough to act optimally.

A task is one deterministic MDP, the same in every trial: walls, and a goal to be reached from the
corner. The observation is the agent's cell, one-hot over size x size. The genome is the position of
the goal and of the walls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from annotated_types import Interval

from openpoet.settings import Count, NonNegativeFloat, Settings

from .parts import walls
from .parts.encoding import check_settings, from_json, to_json
from .parts.episodes import Episodes, Spec, State

START = (0, 0)


@dataclass(frozen=True)
class Grid:
    rows: walls.Rows  # '#' is a wall, '.' is free; the grid is enclosed by walls
    goal: walls.Cell


@dataclass(frozen=True)
class GridSettings(Settings):
    size: Annotated[int, Interval(ge=3, le=walls.MOST), "Cells along each side."] = 10
    toggles: Annotated[Count, "Largest number of cells that a mutation changes."] = 3
    cost: Annotated[
        NonNegativeFloat, "Cost of all steps of an episode together; the goal's reward is 1."
    ] = 0.9
    horizon: Annotated[Count, "Steps of an episode."] = 200
    episodes: Annotated[Count, "Episodes of a trial."] = 10
    solved_score: Annotated[float, "Return of an episode, after adaptation, that is a success."] = (
        0.85
    )


class Grids:
    """Task family (poet.interfaces). Four discrete moves; reaching the goal ends the episode with
    reward 1.
    """

    def __init__(self, settings: GridSettings | None = None) -> None:
        self.settings = s = settings or GridSettings()
        spec = Spec(
            s.size**2,
            4,
            s.horizon,
            s.episodes,
            s.solved_score,
            deterministic=True,
            discrete=True,
            one_hot=True,
        )
        self.spec = spec.with_thresholds(0.8, 0.0, 0.97)

    def origin(self) -> Grid:
        """No walls, the goal two steps from the start."""
        return Grid(self._free(), (1, 1))

    def corners(self) -> Grid:
        """No walls, the goal in the corner opposite the start."""
        return Grid(self._free(), (self.settings.size - 1,) * 2)

    def mutate(self, task: Grid, rng: np.random.Generator) -> Grid:
        """The goal in a free cell nearby, and some other cells toggled between free and wall."""
        near = [
            cell
            for cell, way in walls.ways(task.rows, task.goal).items()
            if way <= 2 and cell != START
        ]
        goal = near[int(rng.integers(len(near)))]
        return Grid(walls.turned(task.rows, [START, goal], self.settings.toggles, rng), goal)

    def sample(self, rng: np.random.Generator) -> Grid:
        """Walls in up to half of the cells, and the goal in a random free cell."""
        rows = walls.sampled(self.settings.size, START, rng)
        goals = list(walls.ways(rows, START))[1:]
        return Grid(rows, goals[int(rng.integers(len(goals)))])

    def describe(self, task: Grid) -> np.ndarray:
        """Fraction of walls, path length to the goal over the side length, position of the goal."""
        size = len(task.rows)
        return np.array(
            [
                "".join(task.rows).count("#") / size**2,
                self.way(task) / size,
                *np.divide(task.goal, size),
            ]
        )

    def encode(self, task: Grid) -> dict[str, Any]:
        return to_json(
            "grid", self._realising(), {"rows": list(task.rows), "goal": list(task.goal)}
        )

    def decode(self, data: Mapping[str, Any]) -> Grid:
        found = from_json("grid", data, ("rows", "goal"))
        check_settings("grid", found["settings"], self._realising())
        rows = walls.checked(found["rows"], self.settings.size, "grid")
        goal = walls.checked_cell(found["goal"], self.settings.size, "a grid's goal")
        if not walls.whole(rows, START) or goal == START or rows[goal[0]][goal[1]] == "#":
            raise ValueError(
                "a grid's upper left corner and goal must be two different free cells, and all "
                "free cells must be reachable"
            )
        return Grid(rows, goal)

    def _realising(self) -> dict[str, Any]:
        """The settings that are part of a task, besides the size, which its rows have."""
        return {"cost": self.settings.cost, "horizon": self.settings.horizon}

    def title(self, task: Grid) -> str:
        return f"{''.join(task.rows).count('#')} walls, the goal {self.way(task)} steps away"

    def way(self, task: Grid) -> int:
        """Length of the shortest path from the start to the goal [steps]."""
        return walls.ways(task.rows, START)[task.goal]

    def simulator(self, tasks: Sequence[Grid], seeds: Sequence[int], device: str) -> Episodes:
        """Seeds are ignored: a task is deterministic."""
        walks = _Walks(tasks, self.settings, device)
        return Episodes(lambda _: walks, seeds, self.settings.horizon, device)

    def oracle(self, task: Grid) -> float:
        """Return of an episode under the optimal policy."""
        steps, s = self.way(task), self.settings
        return 1 - s.cost * steps / s.horizon if steps <= s.horizon else -s.cost

    def optimal(self, task: Grid, gamma: float) -> np.ndarray:
        """Q* [size, size, 4]: discounted return of each move followed by the shortest path, without
        a horizon; 0 in walls.
        """
        left, size, each = (
            walls.ways(task.rows, task.goal),
            self.settings.size,
            self.settings.cost / self.spec.horizon,
        )
        found = np.zeros((size, size, 4))
        for row, column in left:
            for move, (down, right) in enumerate(walls.MOVES):
                steps = 1 + left.get((row + down, column + right), left[row, column])
                found[row, column, move] = gamma ** (steps - 1) - each * sum(
                    gamma**t for t in range(steps)
                )
        return found

    def outline(self, task: Grid, state: Any = None) -> dict[str, list[np.ndarray]]:
        goal = walls.placed(task.goal, len(task.rows)) + 0.4 + 0.2 * walls.square()
        layers = {"ground": [*walls.outlines(task.rows), goal]}
        if state is not None:
            layers["body"] = [
                walls.placed(state["at"], len(task.rows)) + 0.2 + 0.6 * walls.square()
            ]
        return layers

    def _free(self) -> walls.Rows:
        return ("." * self.settings.size,) * self.settings.size


class _Walks:
    """World (episodes.World) of n grids; at: [n, 2] int64."""

    def __init__(self, tasks: Sequence[Grid], settings: GridSettings, device: str) -> None:
        self.size, self.cost = settings.size, settings.cost / settings.horizon
        self.walls = walls.walled([task.rows for task in tasks], settings.size, 1, device)
        goals = [task.goal for task in tasks]
        self.goal = torch.tensor(goals, dtype=torch.int64, device=device).reshape(len(tasks), 2)

    def begin(self, episode: torch.Tensor) -> State:
        return {"at": torch.tensor(START, device=episode.device).repeat(len(episode), 1)}

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        at = walls.moved(self.walls, 1, state["at"], actions)
        reached = (at == self.goal).all(1)
        return {"at": at}, reached.double() - self.cost, reached, reached

    def observe(self, state: State) -> torch.Tensor:
        cell = state["at"][:, 0] * self.size + state["at"][:, 1]
        return torch.nn.functional.one_hot(cell, self.size**2).float()
