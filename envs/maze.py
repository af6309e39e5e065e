"""Mazes seen five by five cells at a time, with a goal that stays hidden until it is near.

A genome is a grid of walls in which every free cell can be reached from the start, and how far
goals may be. A life draws one goal; its episodes all begin at the start, so who remembers the way
is sooner there. Every maze can be solved
by construction: a mutation that would cut cells off is not made, and data that do are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from annotated_types import Interval

from openpoet.settings import PositiveInt, Settings

from .parts import walls
from .parts.draws import Draws
from .parts.encoding import check_settings, from_json, to_json
from .parts.episodes import Episodes, Spec, State

VIEW = 2  # cells seen to each side


@dataclass(frozen=True)
class Maze:
    rows: tuple[str, ...]  # '#' is a wall, '.' is free; around it all is wall
    start: tuple[int, int]  # row and column
    reach: int  # goals are at most so many steps from the start


@dataclass(frozen=True)
class MazeSettings(Settings):
    size: Annotated[int, Interval(ge=3, le=walls.MOST), "Cells along each side."] = 7
    toggles: Annotated[PositiveInt, "Largest number of cells that a mutation changes."] = 3
    horizon: Annotated[PositiveInt, "Steps of an episode."] = 40
    episodes: Annotated[PositiveInt, "Episodes of a trial."] = 3
    solved_score: Annotated[float, "Return of an episode, after adaptation, that is a success."] = (
        0.75
    )


class Mazes:
    """Task family (poet.interfaces). Observed: walls and goal around the walker; four discrete
    moves.

    Reaching the goal ends the episode and pays 1 - 0.9 x (share of the horizon used); nothing else
    pays.
    """

    def __init__(self, settings: MazeSettings | None = None) -> None:
        self.settings = s = settings or MazeSettings()
        seen = 2 * (2 * VIEW + 1) ** 2
        spec = Spec(
            seen, 4, s.horizon, s.episodes, s.solved_score, deterministic=False, discrete=True
        )
        self.spec = spec.judged(0.6, 0.1, 0.9)

    def origin(self) -> Maze:
        """No walls, goals within two steps of the middle."""
        size = self.settings.size
        return Maze(("." * size,) * size, (size // 2, size // 2), 2)

    def mutate(self, task: Maze, rng: np.random.Generator) -> Maze:
        """Some cells turned from free to wall or back, and goals one step nearer or farther."""
        reach = int(np.clip(task.reach + rng.integers(-1, 3), 1, self.settings.size**2))
        return Maze(
            walls.turned(task.rows, [task.start], self.settings.toggles, rng), task.start, reach
        )

    def sample(self, rng: np.random.Generator) -> Maze:
        """Walls in up to half of the cells, at random places but only where no cell is cut off; any
        reach.
        """
        start = self.origin().start
        rows = walls.sampled(self.settings.size, start, rng)
        return Maze(rows, start, int(rng.integers(1, max(walls.ways(rows, start).values()) + 1)))

    def describe(self, task: Maze) -> np.ndarray:
        """Share of walls, mean and greatest way to a goal over the side, and how far goals may
        be.
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
                "a maze's start must be free, and every other free cell must be in reach of it"
            )
        return Maze(rows, start, reach)

    def title(self, task: Maze) -> str:
        return f"{''.join(task.rows).count('#')} walls, goals within {task.reach} steps"

    def simulator(self, tasks: Sequence[Maze], seeds: Sequence[int], device: str) -> Episodes:
        return Episodes(
            _Walks(tasks, seeds, self.settings, device), len(tasks), self.settings.horizon, device
        )

    def oracle(self, task: Maze) -> float:
        """Mean return of an episode of who knows goal and way."""
        ways = np.array(list(_goals(task).values()))
        horizon = self.settings.horizon
        return float(np.where(ways <= horizon, 1 - 0.9 * ways / horizon, 0.0).mean())

    def outline(self, task: Maze, state: Any = None) -> dict[str, list[np.ndarray]]:
        """Seen from above: the walls around and inside; with a state, the walker and its goal."""
        layers = {"ground": walls.outlines(task.rows)}
        if state is not None:
            at, goal = (walls.placed(state[name], len(task.rows)) for name in ("at", "goal"))
            layers |= {
                "goal": [goal + 0.1 + 0.8 * walls.square()],
                "body": [at + 0.2 + 0.6 * walls.square()],
            }
        return layers


def _goals(task: Maze) -> dict[walls.Cell, int]:
    """Cells that may be the goal, and the steps to each."""
    return {
        cell: way
        for cell, way in walls.ways(task.rows, task.start).items()
        if 0 < way <= task.reach
    }


class _Walks:
    """World (episodes.World) of n mazes; at and goal: [n, 2] int64."""

    def __init__(
        self, tasks: Sequence[Maze], seeds: Sequence[int], settings: MazeSettings, device: str
    ) -> None:
        self.settings, self.n = settings, len(tasks)
        chance = Draws(seeds).uniform("goal", 1)[:, 0].numpy()
        places = [
            (goals := list(_goals(task)))[int(u * len(goals))]
            for task, u in zip(tasks, chance, strict=True)
        ]
        self.walls = walls.walled([task.rows for task in tasks], settings.size, VIEW, device)
        self.goal, self.start = (
            torch.tensor(list(cells), dtype=torch.int64, device=device).reshape(self.n, 2)
            for cells in (places, [task.start for task in tasks])
        )
        around = torch.arange(2 * VIEW + 1, device=device)
        self.window = torch.cartesian_prod(around, around)  # corner to corner of the view

    def begin(self, episode: torch.Tensor) -> State:
        return {"at": self.start, "goal": self.goal, "time": torch.zeros_like(episode)}

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        at, time = walls.moved(self.walls, VIEW, state["at"], actions), state["time"] + 1
        reached = (at == self.goal).all(1)
        paid = torch.where(reached, 1 - 0.9 * time.double() / self.settings.horizon, 0.0)
        return {"at": at, "goal": self.goal, "time": time}, paid, reached, reached

    def observe(self, state: State) -> torch.Tensor:
        cells = state["at"][:, None] + self.window  # [n, seen, 2], in the grid with its border
        rows = torch.arange(self.n, device=cells.device)[:, None]
        walled = self.walls[rows, cells[..., 0], cells[..., 1]]
        goal = (cells == self.goal[:, None] + VIEW).all(2)
        return torch.cat([walled, goal], 1).float()
