"""GridNavi: laws of a family, moves and rewards by hand, walks that reach the two bounds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openpoet.cli.conformance import check_family, lineage
from openpoet.envs.gridnavi import MOST, MOVES, VARIBAD, Cells, GridNavi

FAMILY = GridNavi()
STAY, UP, RIGHT, DOWN, LEFT = range(5)


def returns(walk: list[int], task: Cells, seeds: list[int], *, stop: bool) -> np.ndarray:
    """Return of an episode of each seed on this walk. stop: stay at the goal once it is reached."""
    simulator = FAMILY.simulator([task] * len(seeds), seeds, "cpu")
    simulator.reset()
    total, found = (
        torch.zeros(len(seeds), dtype=torch.float64),
        torch.zeros(len(seeds), dtype=torch.bool),
    )
    for move in walk:
        chosen = torch.full((len(seeds),), move)
        actions = torch.where(found & stop, STAY, chosen)
        _, rewards, _, _ = simulator.step(torch.nn.functional.one_hot(actions, len(MOVES)).float())
        total, found = total + rewards, simulator.success
    return total.numpy()


def test_the_laws_of_a_family() -> None:
    check_family(FAMILY, tasks=8)
    assert all(task.goals for task in lineage(FAMILY, 200))
    assert all(FAMILY.sample(np.random.default_rng(seed)).goals for seed in range(100))


def test_moves_are_observed_and_stop_at_the_border() -> None:
    simulator = FAMILY.simulator([Cells(3, 1)], [0], "cpu")
    observation = simulator.reset()
    moves = (DOWN, UP, UP, UP, RIGHT, LEFT, LEFT, STAY)
    places = ((0, 0), (0, 0), (0, 1), (0, 2), (0, 2), (1, 2), (0, 2), (0, 2), (0, 2))
    for i, (x, y) in enumerate(places):
        assert observation[0].reshape(2, MOST).argmax(1).tolist() == [x, y]
        assert float(observation.sum()) == 2
        if i < len(moves):
            observation = simulator.step(torch.eye(5)[moves[i]][None])[0]


def test_goals_are_drawn_from_the_21_published_cells() -> None:
    assert len(VARIBAD.goals) == 21
    assert not {(0, 0), (0, 1), (1, 0), (1, 1)} & set(VARIBAD.goals)
    simulator = FAMILY.simulator([VARIBAD] * 2100, list(range(2100)), "cpu")
    simulator.reset()
    drawn = [tuple(simulator.state(i)["goal"].tolist()) for i in range(2100)]
    counts = [drawn.count(goal) for goal in VARIBAD.goals]
    assert sum(counts) == 2100
    assert min(counts) > 60  # of 100 expected


def test_the_oracle_return_is_that_of_the_shortest_path() -> None:
    assert FAMILY.oracle(VARIBAD) == pytest.approx(11.07, abs=0.005)
    assert Cells(2, 1).goals == [(0, 1), (1, 0), (1, 1)]
    assert FAMILY.oracle(Cells(2, 1)) == pytest.approx((15 + 15 + 13.9) / 3)


def test_the_bound_of_a_first_episode_is_that_of_the_best_search_path() -> None:
    """Up twice, then through 14 of the 21 cells without visiting one twice."""
    walk = [UP, UP, UP, UP, RIGHT, DOWN, DOWN, RIGHT, UP, UP, RIGHT, DOWN, DOWN, DOWN, LEFT]
    seeds = list(range(4000))
    assert FAMILY.blind(VARIBAD) == pytest.approx(4.0)
    found = returns(walk, VARIBAD, seeds, stop=True).mean()
    assert found == pytest.approx(4.0, abs=0.25)
    random = np.random.default_rng(0)
    for _ in range(20):
        other = random.integers(0, 5, 15).tolist()
        assert returns(other, VARIBAD, seeds, stop=True).mean() < found
    # without staying at the goal the return is low
    assert returns(walk, VARIBAD, seeds, stop=False).mean() < -0.5


def test_a_grid_without_a_goal_is_an_error() -> None:
    data = FAMILY.encode(VARIBAD)
    with pytest.raises(ValueError, match="clear must be below its size, got 5 of 5"):
        FAMILY.decode({**data, "clear": 5})
    with pytest.raises(ValueError, match="size must be a number from 2 to 7"):
        FAMILY.decode({**data, "size": 8})
