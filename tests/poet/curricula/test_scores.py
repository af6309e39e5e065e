"""Scores of levels, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from openpoet.poet.curricula.scores import base_levels, best, learnability, paired_regret


def test_learnability_is_highest_where_half_of_the_episodes_are_solved() -> None:
    found = learnability(np.array([0.0, 0.1, 0.5, 0.9, 1.0]))
    assert found.tolist() == pytest.approx([0, 0.09, 0.25, 0.09, 0])


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_a_share_of_solved_episodes_is_from_0_to_1(wrong: float) -> None:
    with pytest.raises(ValueError, match="shares of solved episodes"):
        learnability(np.array([0.5, wrong]))


def test_the_best_rows_are_in_the_order_of_their_scores() -> None:
    assert best(np.array([0.1, 0.4, 0.2, 0.4]), 3).tolist() == [1, 3, 2]


def test_regret_is_best_of_the_antagonist_less_mean_of_the_protagonist() -> None:
    assert paired_regret([1.0, 5.0], [2.0, 4.0]) == 2.0
    assert paired_regret([1.0, 2.0], [2.0, 4.0]) == 0.0


def test_regret_needs_episodes_of_both() -> None:
    with pytest.raises(ValueError, match="got none of one"):
        paired_regret([], [1.0])


def test_base_levels_have_the_lowest_return_less_value_loss() -> None:
    returns, losses = np.array([10.0, 3.0, 5.0, 8.0]), np.array([1.0, 0.5, 4.0, 0.0])
    # 9, 2.5, 1, 8
    assert base_levels(returns, losses, 2).tolist() == [2, 1]


def test_the_first_level_is_not_edited_in_every_case() -> None:
    """The error of dcd's issue 11: the index 0, whatever the returns are."""
    returns = np.array([9.0, 9.0, 9.0, 1.0])
    assert base_levels(returns, np.zeros(4), 1).tolist() == [3]
