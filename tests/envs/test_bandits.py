"""Bandits: laws of a family, rewards by hand, published values of optimal strategies."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch

from openpoet.cli.conformance import check_family
from openpoet.envs.bandits import (
    EASY,
    HARD,
    UNIFORM,
    Arms,
    Bandits,
    BanditSettings,
    Kind,
    bayes_value,
)


def family(kind: Kind, **settings: int) -> Bandits:
    return Bandits(BanditSettings(kind, **settings))


def pulled(bandits: Bandits, task: Arms, arm: int, trials: int, pulls: int) -> np.ndarray:
    """Rewards [pulls, trials] of one arm that is pulled repeatedly."""
    simulator = bandits.simulator([task] * trials, list(range(trials)), "cpu")
    simulator.reset()
    action = torch.zeros(trials, bandits.spec.action_size)
    action[:, arm] = 1
    rewards = []
    for _ in range(pulls):
        rewards.append(simulator.step(action)[1].numpy().copy())
        simulator.restart(torch.ones(trials, dtype=torch.bool))
    return np.array(rewards)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_the_laws_of_a_family(kind: Kind) -> None:
    check_family(family(kind))


def test_independent_arms_have_bernoulli_rewards_with_their_own_probability() -> None:
    rewards = pulled(family("independent"), Arms(low=0.2, high=0.6), 3, 4000, 10)
    assert set(np.unique(rewards)) == {0.0, 1.0}
    assert rewards.mean() == pytest.approx(0.4, abs=0.01)
    means = rewards.mean(axis=0)  # per trial: the variance is that of p plus that of ten draws
    assert means.var() == pytest.approx(0.4**2 / 12 + (0.24 - 0.4**2 / 12) / 10, abs=0.004)


def test_dependent_arms_have_complementary_reward_probabilities() -> None:
    bandits = family("dependent")
    one, two = (pulled(bandits, EASY, arm, 3000, 20).mean(axis=0) for arm in (0, 1))
    good = one > 0.5
    assert good.mean() == pytest.approx(0.5, abs=0.03)
    assert one[good].mean() == pytest.approx(0.9, abs=0.01)
    assert two[good].mean() == pytest.approx(0.1, abs=0.01)


def test_the_eleventh_arm_reveals_the_best_arm() -> None:
    bandits = family("eleven")
    task = bandits.origin()
    hint = pulled(bandits, task, 10, 200, 1)[0]
    places = np.rint(hint / 0.1).astype(int) - 1
    assert set(places) == set(range(10))
    for arm in range(10):
        np.testing.assert_allclose(
            pulled(bandits, task, arm, 200, 1)[0], np.where(places == arm, 5.0, 1.1)
        )
    assert bandits.oracle(task) == 5.0


def test_only_restless_arms_drift() -> None:
    bandits = family("restless", pulls=40)
    moving, still = (
        Arms("restless", 0.5, 0.5, drift=1.0),
        Arms("restless", 0.5, 0.5, drift=0.0),
    )
    assert pulled(bandits, still, 0, 3000, 40).mean() == pytest.approx(0.5, abs=0.01)
    rewards = pulled(bandits, moving, 0, 3000, 40)
    assert rewards.mean() == pytest.approx(0.5, abs=0.02)
    near = np.mean((rewards[-1] - 0.5) * (rewards[-2] - 0.5))
    far = np.mean((rewards[-1] - 0.5) * (rewards[0] - 0.5))
    assert near > 0.1  # far from the middle by now, so two pulls are correlated
    assert abs(far) < 0.02  # it started in the middle


def test_restless_arms_stop_drifting_after_100_pulls() -> None:
    bandits = family("restless", pulls=110)
    world = bandits.simulator([Arms("restless", 0.5, 0.5, drift=1.0)] * 3, [0, 1, 2], "cpu").world
    states = [world.begin(torch.full((3,), pull)) for pull in (99, 100, 109)]
    arm = torch.eye(5)[0].expand(3, 5)
    assert all(bool(torch.isfinite(world.advance(state, arm)[1]).all()) for state in states)
    assert world.payoffs.shape[1] == 101
    assert not torch.equal(world.payoffs[:, 99], world.payoffs[:, 100])


def test_returns_of_optimal_strategies_equal_published_values() -> None:
    """Exact values of ten pulls as in RL^2, and of two arms; one pull of one arm has mean 0.5."""
    assert bayes_value(1, ((0, 0),)) == 0.5
    assert bayes_value(10, ((0, 0),) * 5) == pytest.approx(6.660, abs=5e-4)
    assert bayes_value(20, ((0, 0),) * 2) == pytest.approx(12.431, abs=5e-4)


def test_oracles() -> None:
    dependent = family("dependent")
    assert dependent.oracle(UNIFORM) == pytest.approx(0.75, abs=1e-3)
    assert dependent.oracle(HARD) == pytest.approx(0.6)
    assert family("independent").oracle(Arms()) == pytest.approx(5 / 6)


@pytest.mark.parametrize(
    ("prize", "other", "hint"),
    [(5.0, 1.1, 1.0), (0.0, 0.0, 1.0), (0.0, 10.0, 1.0), (10.0, 0.0, 1.0), (2.0, 4.0, 0.5)],
)
def test_the_oracle_of_eleven_arms_is_the_mean_of_their_largest_payoffs(
    prize: float, other: float, hint: float
) -> None:
    bandits, task = family("eleven"), Arms("eleven", prize=prize, other=other, hint=hint)
    payoffs = [pulled(bandits, task, arm, 3000, 1)[0] for arm in range(11)]
    simulated = np.max(payoffs, axis=0).mean()
    assert bandits.oracle(task) == pytest.approx(simulated, abs=0.15)


def test_the_oracle_of_eleven_arms_with_the_largest_hint_is_computed_by_hand() -> None:
    """5 five times, then 6, 7, 8, 9 and 10."""
    assert family("eleven").oracle(Arms("eleven", hint=1.0)) == pytest.approx(6.5)


def test_a_task_of_another_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="independent arms"):
        family("independent").simulator([EASY], [0], "cpu")


def test_posts_of_eleven_arms_are_as_high_as_their_largest_payoffs() -> None:
    bandits = family("eleven")
    task = replace(bandits.origin(), prize=4.0, other=1.0, hint=0.3)
    _, *posts = bandits.outline(task)["ground"]
    largest = [pulled(bandits, task, arm, 300, 1).max() for arm in range(11)]
    assert [2.5 * (post[1, 1] - 0.1) for post in posts] == pytest.approx(largest, abs=1e-6)
