"""Distances of a control to what a run has solved: cases by hand."""

from __future__ import annotations

import numpy as np
import pytest

from openpoet.arena.experiments.classes import NEVER, Worlds, levels
from openpoet.arena.experiments.direct_path import distances_table, mann_whitney_table, shortfalls

THRESHOLDS = np.array([4.5, 6.0, 2.4])


def worlds(rows: list[list[float]], solved: list[int]) -> Worlds:
    vectors = np.array(rows, np.float64)
    found = levels(vectors, THRESHOLDS)
    return Worlds(vectors, np.zeros(len(rows), np.int64), np.array(solved), found)


RUN = worlds([[0.0, 0, 0, 0, 0], [8.0, 0, 0, 0, 0], [4.0, 0, 8.0, 0, 0]], [1, 9, NEVER])
CONTROL = worlds([[4.0, 0, 0, 0, 0], [8.0, 0, 0, 0, 0]], [3, NEVER])


def test_distance_is_that_to_the_nearest_the_control_has_solved() -> None:
    """The control has solved roughness 4 only: a distance of 1/2 / sqrt(5) to both targets."""
    found = shortfalls(RUN, CONTROL)
    assert sorted(found) == [0, 1]
    assert found[0] == pytest.approx([0.5 / np.sqrt(5)])
    assert found[1] == pytest.approx([0.5 / np.sqrt(5)])


def test_a_run_is_no_distance_from_itself() -> None:
    assert all((values == 0).all() for values in shortfalls(RUN, RUN).values())


def test_table_has_the_papers_numbers() -> None:
    rows = distances_table({1: np.array([0.1, 0.3])}).rows
    assert rows[0] == ["easy", 0, None, None, "-"]
    assert rows[1] == ["challenging", 2, 0.2, pytest.approx(0.2 / np.sqrt(2)), "0.081 ± 0.077"]


def test_mann_whitney_by_hand() -> None:
    """All of 5 distances below all of 4: U = 0, exact two-sided p = 2 / C(9, 4)."""
    found = {1: np.arange(5) / 100, 2: 0.5 + np.arange(4) / 100}
    (row,) = mann_whitney_table(found).rows
    assert row == ["challenging", "very challenging", 0.0, pytest.approx(2 / 126)]


def test_runs_without_solved_environments_are_refused() -> None:
    with pytest.raises(ValueError, match="each solved an environment"):
        shortfalls(RUN, worlds([[0.0] * 5], [NEVER]))
