"""Restless arms: the exact filter and the fitted learning rate against cases computed otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.claims.wang_restless import Pulled, filtered, learning_rate, stationary


def test_with_steps_of_almost_no_size_the_filter_is_greedy_on_beta_posteriors() -> None:
    """Means of a uniform prior are (wins + 1) / (pulls + 2)."""
    chances = np.broadcast_to(np.random.default_rng(3).random((1, 400, 2)), (12, 400, 2))

    def greedy(won: np.ndarray, lost: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return (won + 1) / (won + lost + 2)

    still, counted = filtered(chances, 0.01), stationary(chances, greedy)
    # the same but for ties, which rounding of the grid breaks
    assert (still.arms == counted.arms).mean() > 0.9
    assert still.returns.mean() == pytest.approx(counted.returns.mean(), rel=0.02)


def test_the_filter_leaves_an_arm_that_has_become_bad_sooner_if_arms_change() -> None:
    """One arm pays always, then never; the other always pays half the time."""
    chances = np.full((40, 500, 2), 0.5)
    chances[:20, :, 0], chances[20:, :, 0] = 1.0, 0.0
    moving, still = (filtered(chances, drift).arms[30:] == 0 for drift in (0.5, 0.01))
    assert moving.mean() < 0.2 < still.mean()


@pytest.mark.parametrize("rate", [0.2, 0.6])
def test_the_learning_rate_of_choices_made_with_one_is_found(rate: float) -> None:
    rng, n = np.random.default_rng(0), 400
    values, rows, arms, rewards = np.full((n, 2), 0.5), np.arange(n), [], []
    for _ in range(60):
        first = 1 / (1 + np.exp(-5.0 * (values[:, 0] - values[:, 1])))
        arm = (rng.random(n) > first).astype(int)
        reward = (rng.random(n) < np.where(arm == 0, 0.7, 0.4)).astype(float)
        values[rows, arm] += rate * (reward - values[rows, arm])
        arms.append(arm)
        rewards.append(reward)
    made = Pulled(np.array(arms), np.array(rewards), np.zeros(n))
    assert learning_rate(made) == pytest.approx(rate, abs=0.051)
