"""Classes of a run, iterations to solve and coverage: cases by hand."""

from __future__ import annotations

import numpy as np
import pytest

from openpoet.arena.experiments.classes import NEVER, Worlds, levels
from openpoet.arena.experiments.difficulty import (
    coverage,
    coverage_table,
    difficulty_table,
    waits,
)
from openpoet.arena.statistics import Estimate

THRESHOLDS = np.array([4.5, 6.0, 2.4])


def worlds(rows: list[list[float]], born: list[int], solved: list[int]) -> Worlds:
    vectors = np.array(rows, np.float64)
    return Worlds(vectors, np.array(born), np.array(solved), levels(vectors, THRESHOLDS))


FLAT, ROUGH, WIDE = [0.0] * 5, [5.0, 0, 0, 0, 0], [0.0, 0, 6.0, 0, 0]
RUN = worlds([FLAT, ROUGH, WIDE, ROUGH], [0, 2, 3, 4], [1, 12, NEVER, 8])


def test_waits_are_counted_from_birth() -> None:
    assert waits(RUN, 0).tolist() == [1]
    assert waits(RUN, 1).tolist() == [10, 4]


def test_table_by_hand() -> None:
    """Two challenging environments solved after 10 and 4 iterations: 7 with half width t * 3."""
    steps, hours = np.arange(20) * 10**6, np.arange(20) / 10
    row = difficulty_table(RUN, THRESHOLDS, steps, hours).rows[1]
    assert row[:3] == ["challenging", 3, 2]
    assert isinstance(row[3], Estimate)
    assert row[3].value == 7.0
    assert row[3].high == pytest.approx(7 + 12.706 * 3, rel=1e-4)
    assert row[4:7] == ["638 ± 133", 8.0, pytest.approx(0.8)]


def test_a_class_without_environments_has_empty_cells() -> None:
    steps, hours = np.zeros(20), np.zeros(20)
    row = difficulty_table(RUN, THRESHOLDS, steps, hours).rows[3]
    assert row[:7] == ["extremely challenging", 0, 0, None, "2,178 ± 368", None, None]


def test_coverage_improves_with_a_solved_environment_of_the_class() -> None:
    flat = worlds([FLAT], [0], [1])
    hard = worlds([FLAT, [6.0, 4, 7, 1.5, 2.7]], [0, 1], [1, 5])
    unsolved = worlds([FLAT, [6.0, 4, 7, 1.5, 2.7]], [0, 1], [1, NEVER])
    far, near, same = (coverage(one, 3, THRESHOLDS).mean() for one in (flat, hard, unsolved))
    assert near < far / 2
    assert same == far


def test_coverage_test_finds_the_better_run_and_no_difference_of_a_run_to_itself() -> None:
    flat = worlds([FLAT], [0], [1])
    hard = worlds([FLAT, [6.0, 4, 7, 1.5, 2.7]], [0, 1], [1, 5])
    assert coverage_table(hard, flat, THRESHOLDS).rows[3][-1] < 1e-100  # type: ignore[operator]
    assert coverage_table(flat, flat, THRESHOLDS).rows[3][-1] == pytest.approx(0.5, abs=0.01)


def test_a_run_that_solved_nothing_has_no_coverage() -> None:
    nothing = worlds([FLAT], [0], [NEVER])
    with pytest.raises(ValueError, match="has solved an environment"):
        coverage(nothing, 0, THRESHOLDS)
    assert coverage_table(RUN, nothing, THRESHOLDS).rows[0][2:] == [None, None]
    assert difficulty_table(nothing, THRESHOLDS, np.zeros(1), np.zeros(1)).rows[0][-1] is None
