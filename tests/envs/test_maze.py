"""Mazes: laws of a family, solvability, observations and rewards by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openpoet.cli.conformance import check_family
from openpoet.envs.maze import Maze, Mazes, MazeSettings

FAMILY = Mazes()
ROWS = ("...#...", ".#.#.#.", ".#...#.", ".#####.", ".......", ".#####.", ".......")
WINDING = Maze(ROWS, (0, 0), 49)


def test_the_laws_of_a_family() -> None:
    check_family(FAMILY, tasks=8)


def test_every_mutated_maze_is_solvable_and_mutations_add_walls() -> None:
    rng, task, walls = np.random.default_rng(0), FAMILY.origin(), []
    for _ in range(200):
        task = FAMILY.mutate(task, rng)
        assert FAMILY.decode(FAMILY.encode(task)) == task  # decode rejects disconnected mazes
        walls.append("".join(task.rows).count("#"))
    assert max(walls) > 10
    assert FAMILY.describe(task).shape == (4,)


def test_walls_block_moves_and_are_observed() -> None:
    simulator = FAMILY.simulator([WINDING], [0], "cpu")
    observation = simulator.reset()[0, :25].reshape(5, 5)
    # around the start in the corner: the border above and left of it, walls as in ROWS
    np.testing.assert_array_equal(
        observation,
        [[1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 0, 1, 0], [1, 1, 0, 1, 0]],
    )
    for action, place in (
        (0, [0, 0]),
        (3, [0, 0]),
        (1, [0, 1]),
        (2, [0, 1]),
        (1, [0, 2]),
        (2, [1, 2]),
    ):
        simulator.step(torch.eye(4)[action : action + 1])
        assert simulator.state(0)["at"].tolist() == place


def test_every_maze_of_a_batch_has_its_own_start() -> None:
    other = Maze(ROWS, (6, 6), 49)
    simulator = FAMILY.simulator([WINDING, other], [0, 1], "cpu")
    both = simulator.reset()
    for row, task in enumerate((WINDING, other)):
        alone = FAMILY.simulator([task], [row], "cpu").reset()
        assert simulator.state(row)["at"].tolist() == list(task.start)
        assert torch.equal(both[row], alone[0])


def test_the_goal_is_observed_when_near_and_its_reward_decreases_with_time() -> None:
    batch = 64
    simulator = FAMILY.simulator([FAMILY.origin()] * batch, list(range(batch)), "cpu")
    observation = simulator.reset()
    goal = torch.tensor(np.array([simulator.state(i)["goal"] for i in range(batch)]))
    assert bool((observation[:, 25:].sum(1) == 1).all())  # all within two steps
    way = goal - 3
    assert int(way.abs().sum(1).max()) == 2
    north = (way == torch.tensor([-1, 0])).all(1)
    _, reward, terminated, _ = simulator.step(torch.eye(4)[:1].expand(batch, 4))
    assert torch.equal(terminated, north)
    np.testing.assert_allclose(reward, np.where(north, 1 - 0.9 / 40, 0.0))
    assert 0 < int(north.sum()) < batch


def test_the_oracle_return_is_that_of_the_shortest_path() -> None:
    """A corridor of five cells with goals on the four others: paths of 1 to 4 steps."""
    corridor = Mazes(MazeSettings(size=5, horizon=10))
    task = Maze((".....", *["#####"] * 4), (0, 0), 25)
    assert corridor.oracle(task) == pytest.approx(1 - 0.09 * 2.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": [".......", "#######", *["......."] * 5]}, "every other free cell"),
        ({"rows": ["......"] * 7}, "needs 7 rows"),
        ({"rows": ["......x"] * 7}, "needs 7 rows"),
        ({"start": [7, 0]}, "row and column"),
        ({"start": [0, 3]}, "start must be free"),
        ({"reach": 0}, "reach"),
        ({"schema": 3}, "schema"),
    ],
)
def test_invalid_mazes_are_an_error(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FAMILY.decode({**FAMILY.encode(WINDING), **change})
