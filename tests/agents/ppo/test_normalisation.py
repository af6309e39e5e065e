"""Running statistics: merged batches equal the whole, and hand-computed discounted returns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openpoet.agents.ppo.normalisation import (
    LIMIT,
    Moments,
    Normaliser,
    discounted_returns,
    scaled,
)


def test_batches_merge_to_the_statistics_of_all_values() -> None:
    rng = np.random.default_rng(0)
    values = torch.from_numpy(rng.normal([1e4, 0, -3], [1, 0, 50], (1000, 3)))
    merged = Moments.empty(3)
    for part in values.split([1, 500, 0, 99, 400]):
        merged = merged.merged(part)
    assert float(merged.count) == 1000
    torch.testing.assert_close(merged.mean, values.mean(0))
    torch.testing.assert_close(merged.variance, values.var(0, correction=0))


def test_normalised_values_have_mean_0_and_deviation_1_and_are_clipped() -> None:
    rng = np.random.default_rng(1)
    values = torch.from_numpy(rng.normal([5, -2], [3, 0.1], (5000, 2)))
    normaliser = Normaliser.of(Moments.empty(2).merged(values))
    found = normaliser(values.float())
    torch.testing.assert_close(found.mean(0), torch.zeros(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(found.std(0), torch.ones(2), atol=1e-3, rtol=0)
    assert normaliser(torch.tensor([1e6, -1e6])).tolist() == [LIMIT, -LIMIT]


def test_without_values_nothing_is_changed() -> None:
    torch.testing.assert_close(
        Normaliser.of(Moments.empty(2))(torch.tensor([0.5, -3.0])), torch.tensor([0.5, -3.0])
    )
    torch.testing.assert_close(
        scaled(torch.tensor([2.0], dtype=torch.float64), Moments.empty(1)), torch.tensor([2.0])
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_an_error(bad: float) -> None:
    with pytest.raises(ValueError, match="NaN or infinite"):
        Moments.empty(1).merged(torch.tensor([[1.0], [bad]]))


def test_discounted_returns_by_hand() -> None:
    """gamma .5, rewards 1, 2, 3, 4, the second of which ends a trial; 8 from the rollout before."""
    rewards = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)[:, None]
    ends = torch.tensor([False, True, False, False])[:, None]
    start = torch.tensor([8.0], dtype=torch.float64)
    returns, start = discounted_returns(rewards, ends, start, 0.5)
    assert returns[:, 0].tolist() == [9.0, 6.5, 3.0, 5.5]
    assert start.tolist() == [2.75]


def test_rewards_are_divided_by_the_deviation_of_the_return_and_keep_their_sign() -> None:
    moments = Moments.empty(1).merged(torch.tensor([[10.0], [14.0]]))  # deviation 2
    rewards = torch.tensor([[4.0, -4.0, 1000.0]], dtype=torch.float64)
    torch.testing.assert_close(scaled(rewards, moments), torch.tensor([[2.0, -2.0, LIMIT]]))
