"""Partially observed mazes: the agent observes the 5 x 5 cells around it, and so sees the goal only
when it is near.

The genome is a grid of walls and the largest distance of goals. A trial draws one goal; all its
episodes begin at the start, so that an agent with memory returns to the goal sooner. Every maze is
solvable by construction: mutations keep all free cells connected, and encoded mazes with
disconnected cells are rejected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from annotated_types import Interval

from openpoet.settings import Count, Settings

from .parts import walls
from .parts.draws import Draws
from .parts.encoding import check_settings, from_json, to_json
from .parts.episodes import Episodes, Spec, State

VIEW = 2  # cells observed to each side


@dataclass(frozen=True)
class Maze:
    rows: tuple[str, ...]  # '#' is a wall, '.' is free; the grid is enclosed by walls
    start: tuple[int, int]  # row and column
    reach: int  # largest distance of a goal from the start [steps]


@dataclass(frozen=True)
class MazeSettings(Settings):
    size: Annotated[int, Interval(ge=3, le=walls.MOST), "Cells along each side."] = 7
    toggles: Annotated[Count, "Largest number of cells that a mutation changes."] = 3
    horizon: Annotated[Count, "Steps of an episode."] = 40
    episodes: Annotated[Count, "Episodes of a trial."] = 3
    solved_score: Annotated[float, "Return of an episode, after adaptation, that is a success."] = (
        0.75
    )


class Mazes:
    """Task family (poet.interfaces). Observation: walls and goal around the agent. Four discrete
    moves.

    Reaching the goal ends the episode with reward 1 - 0.9 x (fraction of the horizon used); all
    other rewards are 0.
    """

    def __init__(self, settings: MazeSettings | None = None) -> None:
        self.settings = s = settings or MazeSettings()
        seen = 2 * (2 * VIEW + 1) ** 2
        spec = Spec(
            seen, 4, s.horizon, s.episodes, s.solved_score, deterministic=False, discrete=True
        )
        self.spec = spec.with_thresholds(0.6, 0.1, 0.9)

    def origin(self) -> Maze:
        """No walls, the start in the middle, goals within two steps."""
        size = self.settings.size
        return Maze(("." * size,) * size, (size // 2, size // 2), 2)

    def mutate(self, task: Maze, rng: np.random.Generator) -> Maze:
        """Some cells toggled between free and wall, and `reach` changed by -1 to 2."""
        reach = int(np.clip(task.reach + rng.integers(-1, 3), 1, self.settings.size**2))
        return Maze(
            walls.turned(task.rows, [task.start], self.settings.toggles, rng), task.start, reach
        )

    def sample(self, rng: np.random.Generator) -> Maze:
        """Walls in up to half of the cells, at random but with all free cells connected; any
        reach.
        """
        start = self.origin().start
        rows = walls.sampled(self.settings.size, start, rng)
        return Maze(rows, start, int(rng.integers(1, max(walls.ways(rows, start).values()) + 1)))

    def describe(self, task: Maze) -> np.ndarray:
        """Fraction of walls; mean and largest path length to a goal, and `reach`, over the side
        length.
        """
        ways, size = list(_goals(task).values()), len(task.rows)
        walled = "".join(task.rows).count("#") / size**2
        return np.array([walled, np.mean(ways) / size, max(ways) / size, task.reach / size])

    def encode(self, task: Maze) -> dict[str, Any]:
        values = {"rows": list(task.rows), "start": list(task.start), "reach": task.reach}
        return to_json("maze", {"horizon": self.settings.horizon}, values)

    def decode(self, data: Mapping[str, Any]) -> Maze:
        found = from_json("maze", data, ("rows", "start", "reach"))
        check_settings("maze", found["settings"], {"horizon": self.settings.horizon})
        size, reach = self.settings.size, found["reach"]
        rows = walls.checked(found["rows"], size, "maze")
        start = walls.checked_cell(found["start"], size, "a maze's start")
        if type(reach) is not int or not 1 <= reach <= size**2:
            raise ValueError(
                f"a maze's reach must be a whole number from 1 to {size**2}, got {repr(reach)[:40]}"
            )
        if not walls.whole(rows, start):
            raise ValueError(
                "a maze's start must be free, and every other free cell must be reachable from it"
            )
        return Maze(rows, start, reach)

    def title(self, task: Maze) -> str:
        return f"{''.join(task.rows).count('#')} walls, goals within {task.reach} steps"

    def simulator(self, tasks: Sequence[Maze], seeds: Sequence[int], device: str) -> Episodes:
        layouts = _Layouts(tasks, self.settings, device)
        return Episodes(lambda seeds: _Walks(layouts, seeds), seeds, self.settings.horizon, device)

    def oracle(self, task: Maze) -> float:
        """Mean return of an episode under the optimal policy with known maze and goal."""
        ways = np.array(list(_goals(task).values()))
        horizon = self.settings.horizon
        return float(np.where(ways <= horizon, 1 - 0.9 * ways / horizon, 0.0).mean())

    def outline(self, task: Maze, state: Any = None) -> dict[str, list[np.ndarray]]:
        """A plan of the walls; with a state, the agent and its goal."""
        layers = {"ground": walls.outlines(task.rows)}
        if state is not None:
            at, goal = (walls.placed(state[name], len(task.rows)) for name in ("at", "goal"))
            layers |= {
                "goal": [goal + 0.1 + 0.8 * walls.square()],
                "body": [at + 0.2 + 0.6 * walls.square()],
            }
        return layers


def _goals(task: Maze) -> dict[walls.Cell, int]:
    """Possible goal cells and the path length to each [steps]."""
    return {
        cell: way
        for cell, way in walls.ways(task.rows, task.start).items()
        if 0 < way <= task.reach
    }


class _Layouts:
    """The parts of n mazes that are the same in all trials: goals, the possible cells of each;
    walls, [n, side, side] bool with a border as wide as the view; start, [n, 2] int64.
    """

    def __init__(self, tasks: Sequence[Maze], settings: MazeSettings, device: str) -> None:
        self.goals = [list(_goals(task)) for task in tasks]
        self.walls = walls.walled([task.rows for task in tasks], settings.size, VIEW, device)
        starts = [task.start for task in tasks]
        self.start = torch.tensor(starts, dtype=torch.int64, device=device).reshape(-1, 2)
        self.horizon = settings.horizon
        around = torch.arange(2 * VIEW + 1, device=device)
        self.window = torch.cartesian_prod(around, around)  # corner to corner of the view


class _Walks:
    """World (episodes.World) of n mazes; at and goal: [n, 2] int64."""

    def __init__(self, layouts: _Layouts, seeds: Sequence[int]) -> None:
        self.layouts, device = layouts, layouts.walls.device
        chance = Draws(seeds).uniform("goal", 1)[:, 0].tolist()
        places = [
            goals[int(u * len(goals))] for goals, u in zip(layouts.goals, chance, strict=True)
        ]
        self.goal = torch.tensor(places, dtype=torch.int64, device=device).reshape(-1, 2)

    def begin(self, episode: torch.Tensor) -> State:
        return {"at": self.layouts.start, "goal": self.goal, "time": torch.zeros_like(episode)}

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        at, time = walls.moved(self.layouts.walls, VIEW, state["at"], actions), state["time"] + 1
        reached = (at == self.goal).all(1)
        rewards = torch.where(reached, 1 - 0.9 * time.double() / self.layouts.horizon, 0.0)
        return {"at": at, "goal": self.goal, "time": time}, rewards, reached, reached

    def observe(self, state: State) -> torch.Tensor:
        # [n, seen, 2], in the grid with its border
        cells = state["at"][:, None] + self.layouts.window
        rows = torch.arange(len(cells), device=cells.device)[:, None]
        walled = self.layouts.walls[rows, cells[..., 0], cells[..., 1]]
        goal = (cells == self.goal[:, None] + VIEW).all(2)
        return torch.cat([walled, goal], 1).float()
