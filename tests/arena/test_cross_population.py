"""The cross-population table against cases by hand."""

from __future__ import annotations

import numpy as np
import pytest

from openpoet.arena.cross_population import beaten, cross_population
from openpoet.arena.cross_tables import cross_table, methods_table
from openpoet.arena.statistics import Mean

# Run 0 has agents 0 and 1 and worlds 0 and 1; run 1 has agent 2 and world 2.
BEATS = np.array([[True, False, False], [False, False, True], [True, False, False]])


def test_a_world_is_beaten_at_nine_of_ten_wins() -> None:
    returns = np.full((1, 3, 10), 230.0)  # equal to the solved score: a win
    returns[0, 1, 0] = 229.9
    returns[0, 2, :2] = 0.0
    assert beaten(returns, 230.0).tolist() == [[True, True, False]]


def test_a_high_mean_is_no_win() -> None:
    """Known-wrong: comparing the mean return with the solved score."""
    returns = np.array([[[300.0, 300.0, 100.0]]])
    assert returns.mean() > 230
    assert not beaten(returns, 230.0).any()


def test_table_by_hand() -> None:
    """The agents of run 0 beat worlds 0 and 2, each by one agent; run 1 beats world 0."""
    found = cross_population(BEATS, [0, 0, 1], [0, 0, 1])
    assert found.shares.tolist() == [[0.5, 1.0], [0.5, 0.0]]
    assert found.scores == pytest.approx([2 / 3, 1 / 3])
    assert found.worlds.tolist() == [2, 1]


def test_score_is_the_mean_of_the_shares_weighted_by_worlds() -> None:
    rng = np.random.default_rng(2)
    beats = rng.random((9, 12)) < 0.3
    found = cross_population(beats, np.arange(9) % 3, np.sort(rng.permutation(12) % 3))
    assert found.scores == pytest.approx(found.shares @ found.worlds / found.worlds.sum())


def test_order_of_agents_does_not_matter() -> None:
    order = [2, 0, 1]
    one = cross_population(BEATS, [0, 0, 1], [0, 0, 1])
    other = cross_population(BEATS[order], [1, 0, 0], [0, 0, 1])
    assert one.shares.tolist() == other.shares.tolist()


def test_bad_input_is_one_clear_line() -> None:
    with pytest.raises(ValueError, match="run 1 has none"):
        cross_population(BEATS, [0, 0, 2], [0, 0, 1])
    with pytest.raises(ValueError, match="agent 0 in world 1"):
        beaten(np.array([[[0.0], [np.nan]]]), 230.0)
    with pytest.raises(ValueError, match=r"shape \[agents, worlds, episodes\]"):
        beaten(np.zeros((2, 3)), 230.0)


def test_tables_of_runs_and_methods() -> None:
    found = cross_population(BEATS, [0, 0, 1], [0, 0, 1])
    runs = cross_table(found, ["x", "y"], ["a", "b"])
    assert runs.rows[0] == ["x", "a", 2, pytest.approx(2 / 3), 0.5, 1.0]
    assert runs.columns[-1] == "worlds of y"
    assert methods_table(found, ["a", "a"]).rows == [["a", 2, Mean(0.5, pytest.approx(1 / 6))]]
