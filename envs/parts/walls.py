"""Grids of free and wall cells as rows of '.' and '#', shared by mazes and grids: shortest paths,
mutation, validation, moves.

A cell is (row, column); the grid is enclosed by walls.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch

Rows = tuple[str, ...]
Cell = tuple[int, int]
MOST = 31  # cells along a side
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # rows down, columns right: north, east, south, west
ATTEMPTS = 50  # at a mutation that keeps the free cells connected


@lru_cache(maxsize=4096)
def ways(rows: Rows, start: Cell) -> dict[Cell, int]:
    """Shortest path length from the start to each reachable cell [steps], nearest first."""
    found, queue = {start: 0}, deque([start])
    while queue:
        row, column = queue.popleft()
        for down, right in MOVES:
            cell = row + down, column + right
            inside = 0 <= cell[0] < len(rows) and 0 <= cell[1] < len(rows)
            if inside and rows[cell[0]][cell[1]] == "." and cell not in found:
                found[cell] = found[row, column] + 1
                queue.append(cell)
    return found


def whole(rows: Rows, start: Cell) -> bool:
    """Whether there is a free cell besides the start, and all are reachable from the start."""
    return (
        rows[start[0]][start[1]] == "." and len(ways(rows, start)) == "".join(rows).count(".") > 1
    )


def turned(rows: Rows, kept: Sequence[Cell], most: int, rng: np.random.Generator) -> Rows:
    """At most `most` cells toggled between free and wall; all free cells stay connected.

    kept: cells that are not toggled; the first is free. Returns the rows unchanged if no attempt
    succeeds.
    """
    for _ in range(ATTEMPTS):
        grid = np.array([list(row) for row in rows])
        for place in rng.integers(0, len(grid), (int(rng.integers(1, most + 1)), 2)):
            if tuple(place) not in kept:
                grid[tuple(place)] = "." if grid[tuple(place)] == "#" else "#"
        child = tuple("".join(row) for row in grid)
        if whole(child, kept[0]):
            return child
    return rows


def sampled(size: int, start: Cell, rng: np.random.Generator) -> Rows:
    """Walls in up to half of the cells, at random but with all free cells connected."""
    rows: Rows = ("." * size,) * size
    for place in rng.permutation(size * size)[: int(rng.integers(size * size // 2 + 1))]:
        row, column = divmod(int(place), size)
        line = rows[row]
        child = (*rows[:row], f"{line[:column]}#{line[column + 1 :]}", *rows[row + 1 :])
        if (row, column) != start and whole(child, start):
            rows = child
    return rows


def checked(rows: Any, size: int, name: str) -> Rows:
    """Rows from JSON. ValueError unless they are `size` rows of `size` cells."""
    grid = isinstance(rows, list) and len(rows) == size
    if not grid or not all(
        isinstance(row, str) and len(row) == size and set(row) <= {"#", "."} for row in rows
    ):
        raise ValueError(f"a {name} needs {size} rows ({name}.size) of as many '#' and '.'")
    return tuple(rows)


def checked_cell(cell: Any, size: int, what: str) -> Cell:
    """A cell from JSON. ValueError unless it is [row, column] within the grid."""
    if (
        not isinstance(cell, list)
        or len(cell) != 2
        or not all(type(x) is int and 0 <= x < size for x in cell)
    ):
        raise ValueError(f"{what} must be its row and column, got {repr(cell)[:40]}")
    return cell[0], cell[1]


def outlines(rows: Rows) -> list[np.ndarray]:
    """Outer and inner walls as closed lines [m]; a cell is 1 m wide, the first row is on top."""
    cells = [
        (row, column)
        for row in range(len(rows))
        for column in range(len(rows))
        if rows[row][column] == "#"
    ]
    size, edge = len(rows), 0.15
    lying, standing = square() * np.array([size, edge]), square() * np.array([edge, size])
    around = [
        lying - np.array([0, edge]),
        lying + np.array([0, size]),
        standing - np.array([edge, 0]),
    ]
    around.append(standing + np.array([size, 0]))
    return [*around, *(placed(cell, len(rows)) + square() for cell in cells)]


def square() -> np.ndarray:
    return np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], float)


def placed(cell: Any, size: int) -> np.ndarray:
    """Lower left corner of a cell in the drawing [m]."""
    return np.array([cell[1], size - 1 - cell[0]], float)


def walled(grids: Sequence[Rows], size: int, border: int, device: str) -> torch.Tensor:
    """Walls of n grids with a border of walls, [n, size + 2 border, size + 2 border] bool."""
    side = size + 2 * border
    walls = np.ones((len(grids), side, side), bool)
    for n, rows in enumerate(grids):
        walls[n, border:-border, border:-border] = np.array([list(line) for line in rows]) == "#"
    return torch.from_numpy(walls).to(device)


def moved(
    walls: torch.Tensor, border: int, at: torch.Tensor, actions: torch.Tensor
) -> torch.Tensor:
    """Cells [n, 2] after actions [n, 4], whose largest entry is the move; walls block it."""
    there = at + torch.tensor(MOVES, device=at.device)[actions.argmax(1)]
    rows = torch.arange(len(at), device=at.device)
    blocked = walls[rows, there[:, 0] + border, there[:, 1] + border]
    return torch.where(blocked[:, None], at, there)
