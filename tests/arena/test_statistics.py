"""Statistics against cases by hand, SciPy's own tests, and variants that are known to be wrong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from openpoet.arena.statistics import (
    interquartile_mean,
    mean,
    performance_profile,
    probability_of_improvement,
    risk,
)

SCORES = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 100.0]])  # [seeds, worlds]


def draws(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=shape)


def test_mean_and_standard_error_by_hand() -> None:
    found = mean([1.0, 2.0, 6.0])  # s^2 = (4 + 1 + 9) / 2 = 7
    assert found.value == 3.0
    assert found.error == pytest.approx(np.sqrt(7 / 3))


def test_one_seed_has_no_error_and_no_interval() -> None:
    assert mean([4.0]).error is None
    found = interquartile_mean(SCORES[:1])
    assert (found.value, found.low, found.high) == (2.5, None, None)


def test_interquartile_mean_by_hand() -> None:
    """Of 1, 2, 3, 4, 5, 6, 7 and 100 the middle half is 3, 4, 5 and 6."""
    assert interquartile_mean(SCORES).value == 4.5


def test_interquartile_mean_of_numbers_that_four_does_not_divide() -> None:
    """Of 6 scores one is left out at each end, as in SciPy and rliable: (2 + 3 + 4 + 5) / 4."""
    assert interquartile_mean(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 60.0]])).value == 3.5


def test_interval_contains_the_value_and_narrows_with_seeds() -> None:
    few, many = interquartile_mean(draws(5, 6)), interquartile_mean(draws(200, 6))
    for found in (few, many):
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.value < found.high
    assert many.high - many.low < (few.high - few.low) / 2  # type: ignore[operator]


def test_interval_covers_the_mean_of_normal_scores() -> None:
    """One world, 60 seeds: the half width is about 1.96 times the error of the trimmed mean."""
    scores = draws(60, 1)
    found = interquartile_mean(scores)
    error = np.std([stats.trim_mean(part, 0.25) for part in np.split(draws(60 * 500), 500)])
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.3)  # type: ignore[operator]


def test_bootstrap_is_stratified_by_world() -> None:
    """Worlds of different difficulty but without spread between seeds: no uncertainty. An
    unstratified bootstrap, known to be wrong here, would have a wide interval.
    """
    scores = np.tile([0.0, 100.0, 200.0, 300.0], (5, 1))
    found = interquartile_mean(scores)
    assert (found.low, found.high) == (150.0, 150.0)
    rng = np.random.default_rng(0)
    wrong = [stats.trim_mean(rng.choice(scores.ravel(), 20), 0.25) for _ in range(500)]
    assert np.ptp(np.quantile(wrong, [0.025, 0.975])) > 50


def test_equal_scores_have_equal_intervals() -> None:
    assert interquartile_mean(draws(5, 3)) == interquartile_mean(draws(5, 3))


def test_probability_of_improvement_by_hand() -> None:
    """1 < 2, 1 < 3, 3 > 2 and 3 = 3: (0 + 0 + 1 + 1/2) / 4."""
    found = probability_of_improvement(np.array([[1.0], [3.0]]), np.array([[2.0], [3.0]]))
    assert found.value == 0.375


def test_probability_of_improvement_is_the_mean_of_mann_whitney_statistics() -> None:
    ours, theirs = draws(7, 3).round(1), draws(5, 3).round(1) + 0.5
    u = stats.mannwhitneyu(ours, theirs, axis=0).statistic
    assert probability_of_improvement(ours, theirs).value == pytest.approx((u / 35).mean())


def test_probabilities_of_both_directions_add_up_to_one() -> None:
    ours, theirs = draws(4, 3).round(1), draws(6, 3).round(1)
    left, right = (
        probability_of_improvement(a, b).value for a, b in ((ours, theirs), (theirs, ours))
    )
    assert left + right == pytest.approx(1.0)


def test_performance_profile_by_hand() -> None:
    found = performance_profile(SCORES, [0.0, 1.0, 4.5, 100.0])
    assert [one.value for one in found] == [1.0, 7 / 8, 4 / 8, 0.0]


def test_risk_by_hand() -> None:
    first = np.array([0.9, 0.1, 0.5, 0.3])
    second = np.array([1.0, 0.2, 0.6, 0.0])
    # ranked 0.1, 0.3, 0.5, 0.9: second 0.2, 0.0, 0.6, 1.0
    expected = [0.2, 0.1, 0.8 / 3, 0.45]
    assert risk(first, second, [0.25, 0.5, 0.75, 1.0]) == pytest.approx(expected)


def test_risk_takes_at_least_one_world_and_rounds_up() -> None:
    first, second = np.arange(100.0), np.arange(100.0)
    assert risk(first, second, [0.001, 0.07, 0.071]).tolist() == [0.0, 3.0, 3.5]


def test_risk_measured_on_the_set_that_ranked_the_worlds_is_biased() -> None:
    """Every world is won with probability 1/2, so the risk is 1/2 at each alpha; measured on the
    first set it appears to be below 0.2.
    """
    rng = np.random.default_rng(1)
    first, second = rng.binomial(10, 0.5, (2, 2000)) / 10
    assert risk(first, second, [0.01, 0.05, 1.0]) == pytest.approx([0.5, 0.5, 0.5], abs=0.1)
    assert risk(first, first, [0.01])[0] < 0.2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: interquartile_mean(np.ones(3)), "shape [seeds, worlds], got [3]"),
        (lambda: mean([1.0, np.nan]), "must be finite, got nan"),
        (lambda: mean([]), "got [0, 1]"),
        (lambda: probability_of_improvement(draws(2, 3), draws(2, 4)), "got 3 and 4"),
        (lambda: risk(np.ones(3), np.ones(4)), "got 3 and 4"),
        (lambda: risk(np.ones(3), np.ones(3), [0.0]), "(0, 1]"),
    ],
)
def test_bad_input_is_one_clear_line(call, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError) as error:  # noqa: PT011
        call()
    assert message in str(error.value)
    assert "\n" not in str(error.value)
