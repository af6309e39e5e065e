"""Grids: laws of a family, moves and rewards by hand, optimal values against value iteration."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openpoet.cli.conformance import check_family
from openpoet.envs.grid import START, Grid, Grids, GridSettings

FAMILY = Grids(GridSettings(size=4, horizon=20))
BENT = Grid(("..#.", "#...", "..#.", "#..."), (3, 3))


def test_the_laws_of_a_family() -> None:
    check_family(FAMILY, tasks=8)


def test_every_mutated_grid_is_solvable_and_goals_get_farther_away() -> None:
    rng, task, farthest = np.random.default_rng(0), FAMILY.origin(), 0
    for _ in range(200):
        task = FAMILY.mutate(task, rng)
        assert FAMILY.decode(FAMILY.encode(task)) == task  # decode rejects disconnected grids
        farthest = max(farthest, FAMILY.way(task))
    assert farthest >= 5


def test_moves_observations_and_rewards_by_hand() -> None:
    simulator, way = FAMILY.simulator([BENT], [0], "cpu"), [1, 2, 0, 2, 1, 1, 2, 2]
    cells = [1, 5, 1, 5, 6, 7, 11, 15]
    assert simulator.reset()[0].argmax() == 0
    for i, (move, cell) in enumerate(zip(way, cells, strict=True)):
        observation, reward, terminated, _ = simulator.step(torch.eye(4)[move : move + 1])
        assert observation.sum() == 1
        assert observation[0].argmax() == cell
        assert bool(terminated[0]) == (i == 7)
        assert reward.item() == pytest.approx((i == 7) - 0.9 / 20)
    simulator.reset()
    for move in (0, 3, 2):  # the border twice, a wall
        assert simulator.step(torch.eye(4)[move : move + 1])[0][0].argmax() == 0


@pytest.mark.parametrize("cost", [0.0, 0.9])
def test_optimal_values_equal_those_of_value_iteration(cost: float) -> None:
    family, gamma = Grids(GridSettings(size=4, horizon=20, cost=cost)), 0.9
    cells = [
        (row, column) for row in range(4) for column in range(4) if BENT.rows[row][column] == "."
    ]
    q = dict.fromkeys([(cell, move) for cell in cells for move in range(4)], 0.0)
    for _ in range(200):
        for (row, column), move in q:
            down, right = ((-1, 0), (0, 1), (1, 0), (0, -1))[move]
            there = (row + down, column + right)
            there = there if there in cells else (row, column)
            later = (
                0.0 if there == BENT.goal else gamma * max(q[there, other] for other in range(4))
            )
            q[(row, column), move] = (there == BENT.goal) - cost / 20 + later
    found = family.optimal(BENT, gamma)
    for (cell, move), value in q.items():
        if cell != BENT.goal:
            assert found[(*cell, move)] == pytest.approx(value, abs=1e-6)
    assert family.oracle(BENT) == pytest.approx(1 - cost * 6 / 20)
    free = Grids().optimal(Grids().corners(), 0.99)[*START].max()
    assert free == pytest.approx(0.99**17 - 0.0045 * sum(0.99**t for t in range(18)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": ["....", "####", "....", "...."]}, "all free cells must be reachable"),
        ({"rows": ["#...", "....", "....", "...."]}, "all free cells must be reachable"),
        ({"rows": ["..."] * 3}, "needs 4 rows"),
        ({"goal": [0, 0]}, "two different free cells"),
        ({"goal": [0, 2]}, "two different free cells"),
        ({"goal": [0, 4]}, "row and column"),
        ({"schema": 3}, "schema"),
    ],
)
def test_invalid_grids_are_an_error(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FAMILY.decode({**FAMILY.encode(BENT), **change})
