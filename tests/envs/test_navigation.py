"""Navigation: laws of a family, positions of goals, rewards by hand."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch

from openpoet.cli.conformance import check_family
from openpoet.envs.navigation import (
    HALF_CIRCLE,
    SQUARE,
    Goals,
    Navigation,
    NavigationSettings,
    Reward,
    goals,
)


@pytest.mark.parametrize("reward", get_args(Reward))
def test_the_laws_of_a_family(reward: Reward) -> None:
    check_family(Navigation(NavigationSettings(reward)))


def test_goals_are_drawn_from_the_region_of_the_genome() -> None:
    arc = goals([HALF_CIRCLE] * 500, list(range(500)), "cpu").numpy()
    np.testing.assert_allclose(np.linalg.norm(arc, axis=1), 1.0)
    assert arc[:, 1].min() > -1e-3
    assert arc[:, 0].min() < -0.99 < 0.99 < arc[:, 0].max()
    ring = goals([Goals("arc", 1.0, 0.3, 0.0, 6.283)] * 500, list(range(500)), "cpu").numpy()
    assert (
        0.7
        <= np.linalg.norm(ring, axis=1).min()
        < 0.72
        < 1.28
        < np.linalg.norm(ring, axis=1).max()
        <= 1.3
    )
    square = goals([SQUARE] * 500, list(range(500)), "cpu").numpy()
    assert 0.49 < np.abs(square).max() <= 0.5
    np.testing.assert_allclose(square.mean(axis=0), 0.0, atol=0.05)


@pytest.mark.parametrize(
    ("reward", "expected"), [("dense", -0.9), ("sparse", 0.0), ("progress", 0.1)]
)
def test_the_reward_of_a_step_towards_the_goal_by_hand(reward: Reward, expected: float) -> None:
    """A goal at (1, 0); a step along x is cut to 0.1."""
    family = Navigation(NavigationSettings(reward))
    simulator = family.simulator([Goals("arc", 1.0, 0.0, 0.0, 0.0)], [0], "cpu")
    simulator.reset()
    observation, rewards, _, _ = simulator.step(torch.tensor([[5.0, 0.0]]))
    np.testing.assert_allclose(observation, [[0.1, 0.0]], rtol=1e-6)
    assert float(rewards[0]) == pytest.approx(expected)
    for _ in range(8):
        observation, rewards, _, _ = simulator.step(torch.tensor([[1.0, 0.0]]))
    assert bool(simulator.success[0])  # at 0.9
    if reward == "sparse":
        assert float(rewards[0]) == pytest.approx(0.9)


def test_walls_hold_the_point_in_the_arena() -> None:
    family = Navigation(NavigationSettings(arena=0.25))
    simulator = family.simulator([SQUARE], [0], "cpu")
    simulator.reset()
    for _ in range(4):
        observation, _, terminated, _ = simulator.step(torch.tensor([[1.0, -0.5]]))
    np.testing.assert_allclose(observation, [[0.25, -0.2]], rtol=1e-6)
    assert not bool(terminated[0])


def test_an_episode_does_not_end_at_the_goal() -> None:
    simulator = Navigation(NavigationSettings(near=2.0)).simulator([SQUARE], [0], "cpu")
    simulator.reset()
    ended = [simulator.step(torch.zeros(1, 2))[2:] for _ in range(20)]
    assert bool(simulator.success[0])
    assert [bool((one | two)[0]) for one, two in ended] == [False] * 19 + [True]


def test_the_oracle_beats_random_walks_and_progress_sums_to_the_distance() -> None:
    family, seeds = Navigation(NavigationSettings("progress")), list(range(20))
    np.testing.assert_allclose(family.oracle([HALF_CIRCLE] * 20, seeds), 1.0)
    dense = Navigation()
    still = -1.0 * dense.settings.horizon
    assert (dense.oracle([HALF_CIRCLE] * 20, seeds) > still / 2).all()
