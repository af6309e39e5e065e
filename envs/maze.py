"""Mazes seen five by five cells at a time, with a goal that stays hidden until it is near.

A genome is a grid of walls in which every free cell can be reached from the start, and how far goals may be. A life
draws one goal; its episodes all begin at the start, so who remembers the way is sooner there. Every maze can be solved
by construction: a mutation that would cut cells off is not made, and data that do are refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from .draws import Draws
from .episodes import Episodes, Spec, State

SCHEMA, VIEW = 1, 2  # cells seen to each side
MOST = 31  # cells along a side
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # rows down, columns right: north, east, south, west
ATTEMPTS = 50  # at a mutation that keeps the maze in one piece


@dataclass(frozen=True)
class Maze:
    rows: tuple[str, ...]  # '#' is a wall, '.' is free; around it all is wall
    start: tuple[int, int]  # row and column
    reach: int  # goals are at most so many steps from the start


@dataclass(frozen=True)
class MazeSettings:
    size: int = 7  # cells along a side
    toggles: int = 3  # cells that a mutation turns at most
    horizon: int = 40
    episodes: int = 3  # of a life
    solved_score: float = 0.75  # return of an episode after adaptation

    def __post_init__(self) -> None:
        if not 3 <= self.size <= MOST:
            raise ValueError(f"size must be from 3 to {MOST}, got {self.size}")
        if min(self.toggles, self.horizon, self.episodes) < 1:
            raise ValueError("toggles, horizon and episodes must be at least 1")


class Mazes:
    """Task family (poet.interfaces). Observed: walls and goal around the walker; four discrete moves.

    Reaching the goal ends the episode and pays 1 - 0.9 x (share of the horizon used); nothing else pays.
    """

    def __init__(self, settings: MazeSettings | None = None) -> None:
        self.settings = s = settings or MazeSettings()
        seen = 2 * (2 * VIEW + 1) ** 2
        self.spec = Spec(seen, 4, s.horizon, s.episodes, s.solved_score, deterministic=False, discrete=True)

    def origin(self) -> Maze:
        """No walls, goals within two steps of the middle."""
        size = self.settings.size
        return Maze(("." * size,) * size, (size // 2, size // 2), 2)

    def mutate(self, task: Maze, rng: np.random.Generator) -> Maze:
        """Some cells turned from free to wall or back, and goals one step nearer or farther."""
        reach = int(np.clip(task.reach + rng.integers(-1, 3), 1, self.settings.size**2))
        for _ in range(ATTEMPTS):
            grid = np.array([list(row) for row in task.rows])
            for place in rng.integers(0, len(grid), (int(rng.integers(1, self.settings.toggles + 1)), 2)):
                if tuple(place) != task.start:
                    grid[tuple(place)] = "." if grid[tuple(place)] == "#" else "#"
            child = Maze(tuple("".join(row) for row in grid), task.start, reach)
            if _whole(child):
                return child
        return Maze(task.rows, task.start, reach)

    def sample(self, rng: np.random.Generator) -> Maze:
        """Walls in up to half of the cells, at random places but only where no cell is cut off; any reach."""
        task = self.origin()
        size = self.settings.size
        for place in rng.permutation(size * size)[: int(rng.integers(size * size // 2 + 1))]:
            row, column = divmod(int(place), size)
            line = task.rows[row]
            walled = (*task.rows[:row], f"{line[:column]}#{line[column + 1 :]}", *task.rows[row + 1 :])
            child = Maze(walled, task.start, task.reach)
            if (row, column) != task.start and _whole(child):
                task = child
        return Maze(task.rows, task.start, int(rng.integers(1, max(_ways(task).values()) + 1)))

    def describe(self, task: Maze) -> np.ndarray:
        """Share of walls, mean and greatest way to a goal over the side, and how far goals may be."""
        ways = [_ways(task)[goal] for goal in _goals(task)]
        size = len(task.rows)
        walls = "".join(task.rows).count("#") / size**2
        return np.array([walls, np.mean(ways) / size, max(ways) / size, task.reach / size])

    def encode(self, task: Maze) -> dict[str, Any]:
        return {
            "family": "maze",
            "schema": SCHEMA,
            "rows": list(task.rows),
            "start": list(task.start),
            "reach": task.reach,
        }

    def decode(self, data: Mapping[str, Any]) -> Maze:
        if not isinstance(data, Mapping) or data.get("family") != "maze" or data.get("schema") != SCHEMA:
            raise ValueError(f"a maze needs family 'maze' and schema {SCHEMA}, got {str(data)[:80]}")
        rows, start, reach = data.get("rows") or [], data.get("start"), data.get("reach")
        size = self.settings.size
        grid = isinstance(rows, list) and len(rows) == size
        if not grid or not all(isinstance(row, str) and len(row) == size and set(row) <= {"#", "."} for row in rows):
            raise ValueError(f"a maze needs {self.settings.size} rows (maze.size) of as many '#' and '.'")
        if not isinstance(start, list) or len(start) != 2 or not all(type(x) is int and 0 <= x < size for x in start):
            raise ValueError(f"a maze's start must be its row and column, got {str(start)[:40]}")
        if type(reach) is not int or not 1 <= reach <= size**2:
            raise ValueError(f"a maze's reach must be a whole number from 1 to {size**2}, got {str(reach)[:40]}")
        task = Maze(tuple(rows), (start[0], start[1]), reach)
        if rows[start[0]][start[1]] == "#" or not _whole(task):
            raise ValueError("a maze's start must be free, and every other free cell must be in reach of it")
        return task

    def title(self, task: Maze) -> str:
        return f"{''.join(task.rows).count('#')} walls, goals within {task.reach} steps"

    def simulator(self, tasks: Sequence[Maze], seeds: Sequence[int], device: str) -> Episodes:
        return Episodes(_Walks(tasks, seeds, self.settings, device), len(tasks), self.settings.horizon, device)

    def oracle(self, task: Maze) -> float:
        """Mean return of an episode of who knows goal and way."""
        ways = np.array([_ways(task)[goal] for goal in _goals(task)])
        horizon = self.settings.horizon
        return float(np.where(ways <= horizon, 1 - 0.9 * ways / horizon, 0.0).mean())

    def outline(self, task: Maze, state: Any = None) -> dict[str, list[np.ndarray]]:
        size = len(task.rows)
        square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], float)
        walls = [
            square + np.array([column, size - 1 - row])
            for row in range(size)
            for column in range(size)
            if task.rows[row][column] == "#"
        ]
        layers = {"ground": [square * size, *walls]}
        if state is not None:
            at, goal = (np.array([place[1], size - 1 - place[0]], float) for place in (state["at"], state["goal"]))
            layers |= {"body": [at + 0.2 + 0.6 * square], "ray": [goal + 0.4 + 0.2 * square]}
        return layers


@lru_cache(maxsize=4096)
def _ways(task: Maze) -> dict[tuple[int, int], int]:
    """Steps from the start to each cell in reach of it, nearest first."""
    found, queue, size = {task.start: 0}, deque([task.start]), len(task.rows)
    while queue:
        row, column = queue.popleft()
        for down, right in MOVES:
            cell = row + down, column + right
            inside = 0 <= cell[0] < size and 0 <= cell[1] < size
            if inside and task.rows[cell[0]][cell[1]] == "." and cell not in found:
                found[cell] = found[row, column] + 1
                queue.append(cell)
    return found


def _whole(task: Maze) -> bool:
    """Whether every free cell can be reached, and there is one for a goal."""
    return len(_ways(task)) == "".join(task.rows).count(".") > 1


def _goals(task: Maze) -> list[tuple[int, int]]:
    return [cell for cell, way in _ways(task).items() if 0 < way <= task.reach]


class _Walks:
    """World (episodes.World) of n mazes; at and goal: [n, 2] int64."""

    def __init__(self, tasks: Sequence[Maze], seeds: Sequence[int], settings: MazeSettings, device: str) -> None:
        self.settings, self.n = settings, len(tasks)
        chance = Draws(seeds).uniform("goal", 1)[:, 0].numpy()
        places = [(goals := _goals(task))[int(u * len(goals))] for task, u in zip(tasks, chance, strict=True)]
        side = settings.size + 2 * VIEW
        walls = np.ones((self.n, side, side), bool)
        for row, task in enumerate(tasks):
            walls[row, VIEW:-VIEW, VIEW:-VIEW] = np.array([list(line) for line in task.rows]) == "#"
        self.walls = torch.from_numpy(walls).to(device)
        self.goal, self.start = (
            torch.tensor(list(cells), dtype=torch.int64, device=device).reshape(self.n, 2)
            for cells in (places, [task.start for task in tasks])
        )
        self.moves = torch.tensor(MOVES, device=device)
        around = torch.arange(2 * VIEW + 1, device=device)
        self.window = torch.cartesian_prod(around, around)  # corner to corner of the view

    def begin(self, episode: torch.Tensor) -> State:
        return {"at": self.start, "goal": self.goal, "time": torch.zeros_like(episode)}

    def advance(self, state: State, actions: torch.Tensor) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        rows = torch.arange(self.n, device=actions.device)
        there = state["at"] + self.moves[actions.argmax(1)]
        blocked = self.walls[rows, there[:, 0] + VIEW, there[:, 1] + VIEW]
        at, time = torch.where(blocked[:, None], state["at"], there), state["time"] + 1
        reached = (at == self.goal).all(1)
        paid = torch.where(reached, 1 - 0.9 * time.double() / self.settings.horizon, 0.0)
        return {"at": at, "goal": self.goal, "time": time}, paid, reached, reached

    def observe(self, state: State) -> torch.Tensor:
        cells = state["at"][:, None] + self.window  # [n, seen, 2], in the grid with its border
        rows = torch.arange(self.n, device=cells.device)[:, None]
        walls = self.walls[rows, cells[..., 0], cells[..., 1]]
        goal = (cells == self.goal[:, None] + VIEW).all(2)
        return torch.cat([walls, goal], 1).float()
