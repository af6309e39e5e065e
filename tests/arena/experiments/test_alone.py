"""Direct optimisation and its test against POET's score, with a learner computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import Point, TableLearner

from openpoet.arena.experiments.alone import Alone, alone_table, train_alone
from openpoet.poet.streams import Key

KEYS = [Key(0, ("alone", number)) for number in range(2)]


def test_the_best_score_of_a_training_is_kept() -> None:
    """Each step adds 1/2 to the agent's number; the score falls after the fourth."""
    learner = TableLearner(lambda number, task: 10 - abs(number - 2))
    best, steps = train_alone(learner, Point(), KEYS, 6)
    assert best.tolist() == [10.0, 10.0]
    assert train_alone(learner, Point(), KEYS, 2)[0].tolist() == [9.0, 9.0]
    assert steps == 6 * 2 * (10 + 1)  # of improve and evaluate


def test_a_score_that_is_nan_is_an_error() -> None:
    with pytest.raises(ValueError, match="must be finite"):
        train_alone(TableLearner(lambda number, task: np.nan), Point(), KEYS, 1)


def test_t_test_by_hand() -> None:
    """Mean 20, standard error 2, against 230: t = -105 with 4 degrees of freedom."""
    alone = np.array([20.0, 20 + np.sqrt(40), 20 - np.sqrt(40), 20.0, 20.0])
    assert alone.std(ddof=1) / np.sqrt(5) == pytest.approx(2.0)
    (row,) = alone_table([Alone(3, "rough", 230.0, alone, 16_000, 10**9)]).rows
    assert row[:4] == [3, "rough", 16_000, 1000.0]
    assert row[4:7] == [230.0, pytest.approx(20 + np.sqrt(40)), pytest.approx(20.0)]
    assert row[7] == pytest.approx(2.46e-8, rel=0.01)


def test_a_better_direct_optimisation_is_not_significant() -> None:
    (row,) = alone_table([Alone(0, "flat", 230.0, np.array([300.0, 310.0]), 1, 1)]).rows
    assert row[7] > 0.9  # type: ignore[operator]


def test_equal_repeats_have_no_test() -> None:
    (row,) = alone_table([Alone(0, "flat", 230.0, np.array([300.0, 300.0]), 1, 1)]).rows
    assert row[7] is None
