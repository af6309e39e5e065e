"""Tabular MDPs: laws of a family, drawn tables, the planner against brute force, known returns."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from openpoet.cli.conformance import check_family
from openpoet.envs.mdp import MdpSettings, Tables, TabularMdps

FAMILY = TabularMdps()


def test_the_laws_of_a_family() -> None:
    check_family(FAMILY)


def test_tables_are_drawn_as_in_rl2() -> None:
    world = FAMILY.world([Tables()] * 3000, list(range(3000)))
    assert float(world.rewards.mean()) == pytest.approx(1.0, abs=0.01)
    assert float(world.rewards.std()) == pytest.approx(1.0, abs=0.01)
    np.testing.assert_allclose(world.transitions.sum(3), 1.0)
    # a coordinate of a uniform point of the 10-simplex: mean 1/10, variance 9/1100
    assert float(world.transitions.var()) == pytest.approx(9 / 1100, abs=2e-4)


def test_transitions_and_rewards_follow_the_tables() -> None:
    trials = 4000
    settings = MdpSettings(states=3, actions=2)
    family = TabularMdps(settings)
    task = Tables(noise=0.5)
    simulator, world = (
        family.simulator([task] * trials, [7] * trials, "cpu"),
        family.world([task], [7]),
    )
    again = family.simulator([task] * trials, list(range(trials)), "cpu")
    action = torch.zeros(trials, 2)
    action[:, 1] = 1
    simulator.reset()
    state, reward, _, _ = simulator.step(action)
    assert torch.equal(state, state[:1].expand_as(state))  # equal seeds, equal trials
    many = family.world([task] * trials, list(range(trials)))
    again.reset()
    state, reward, _, _ = again.step(action)
    excess = reward - many.rewards[:, 0, 1]
    assert float(excess.std()) == pytest.approx(0.5, abs=0.02)
    expected = many.transitions[:, 0, 1].mean(0)
    np.testing.assert_allclose(state.mean(0), expected, atol=0.03)
    assert world.rewards.shape == (1, 3, 2)


def test_episodes_of_a_trial_share_their_tables_and_nothing_else() -> None:
    """The same actions from the same state: other noise and other transitions in each episode."""
    simulator = FAMILY.simulator([Tables()] * 50, list(range(50)), "cpu")
    every, action = torch.ones(50, dtype=torch.bool), torch.eye(5)[0].expand(50, 5)
    simulator.reset()
    one = simulator.step(action)[:2]
    simulator.restart(every)
    two = simulator.step(action)[:2]
    assert not bool((one[1] == two[1]).any())
    assert bool((one[0] != two[0]).any())
    still = FAMILY.simulator([Tables(noise=0.0)] * 50, list(range(50)), "cpu")
    still.reset()
    first = still.step(action)[1]
    still.restart(every)
    assert torch.equal(still.step(action)[1], first)


def test_the_planner_finds_the_best_of_all_plans() -> None:
    """All deterministic plans of two steps, one by one."""
    family = TabularMdps(MdpSettings(states=3, actions=2, horizon=2))
    for seed in range(5):
        world = family.world([Tables()], [seed])
        r, p = world.rewards[0].numpy(), world.transitions[0].numpy()
        plans = product(range(2), *[range(2)] * 3)
        best = max(
            r[0, a] + sum(p[0, a, s] * r[s, later[s]] for s in range(3)) for a, *later in plans
        )
        assert family.oracle([Tables()], [seed])[0] == pytest.approx(best)


def test_the_optimal_return_of_rl2s_mdps_is_about_22_per_episode() -> None:
    assert FAMILY.oracle([Tables()] * 1000, list(range(1000))).mean() == pytest.approx(
        21.9, abs=0.3
    )


def test_tables_that_take_more_memory_than_there_is_are_an_error() -> None:
    MdpSettings(states=100, actions=100)
    with pytest.raises(ValueError, match="must be at most 1000000, got 1020100: set fewer states"):
        MdpSettings(states=101, actions=100)
