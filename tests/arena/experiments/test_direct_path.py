"""Distances of a control to what a run has solved: cases by hand."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import Point, TableLearner

from openpoet.arena.experiments.classes import NEVER, Worlds, levels
from openpoet.arena.experiments.difficulty import coverage, coverage_table
from openpoet.arena.experiments.direct_path import (
    Paths,
    Route,
    by_class,
    distances_table,
    mann_whitney_table,
    paths_table,
    paths_worlds,
    shortfalls,
    walk,
)
from openpoet.poet.streams import Key

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


GOAL = Point(x=2.0)
KEYS = [Key(0, ("path", number)) for number in range(2)]


def nearer(task: Point, draws: np.random.Generator) -> Point:
    return Point(x=min(task.x + 1.0, GOAL.x))


def route(score: float = 0.0) -> Route:
    return Route(Point(x=0.0), GOAL, nearer, score)


def able(number: float, task: Point) -> float:
    """At least 0 once the agent's number is as large as the task's; each step adds 1/2."""
    return number - task.x


def test_a_path_goes_on_when_an_environment_is_passed() -> None:
    """The start is passed after step 1, x = 1 after step 2, and x = 2 after step 4, at the end."""
    learner = TableLearner(able)
    reached = [walk(learner, route(), KEYS, steps)[0][0][-1].x for steps in range(6)]
    assert reached == [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]
    passed, steps = walk(learner, route(), KEYS, 99)
    assert [point.x for point in passed[1]] == [0.0, 1.0, 2.0]
    assert steps == 4 * 2 * (10 + 1)  # nothing is spent once the target is passed


def test_an_environment_is_passed_at_the_score_asked_for() -> None:
    """With a lead of 1/2 x = 1 is passed after step 3."""
    reached = [walk(TableLearner(able), route(0.5), KEYS, n)[0][0][-1].x for n in range(1, 6)]
    assert reached == [0.0, 0.0, 1.0, 1.0, 2.0]


def test_a_path_without_progress_stays_at_its_start() -> None:
    passed, steps = walk(TableLearner(lambda number, task: -1.0), route(), KEYS, 3)
    assert passed == [[Point(x=0.0)]] * 2
    assert steps == 3 * 2 * (10 + 1)


def test_a_score_that_is_nan_is_an_error() -> None:
    with pytest.raises(ValueError, match="must be finite"):
        walk(TableLearner(lambda number, task: np.nan), route(), KEYS, 1)


def test_paths_are_pooled_by_class() -> None:
    far, near = np.array([[3.0, 0, 0, 0, 0]]), np.zeros((2, 5))
    paths = [
        Paths(3, "rough", 1, np.array([0.0, 0.2]), 40, 10**6, far),
        Paths(5, "gaps", 1, np.array([0.4, 0.4]), 50, 2 * 10**6, near),
        Paths(4, "flat", 0, np.array([0.0, 0.0]), 10, 10**5, near),
    ]
    pooled = by_class(paths)
    assert {level: values.tolist() for level, values in pooled.items()} == {
        0: [0.0, 0.0],
        1: [0.0, 0.2, 0.4, 0.4],
    }
    rows = paths_table(paths).rows
    assert rows[0] == [3, "rough", "challenging", 40, 1.0, 2, 1, 0.1]
    assert rows[2] == [4, "flat", "easy", 10, 0.1, 2, 2, 0.0]


def test_what_the_paths_have_passed_is_covered() -> None:
    rough, flat = np.array([[5.0, 0, 0, 0, 0]]), np.zeros((2, 5))
    paths = [
        Paths(number, "", 1, np.zeros(1), 1, 1, each) for number, each in enumerate((rough, flat))
    ]
    passed = paths_worlds(paths, THRESHOLDS)
    assert passed.is_solved.all()
    assert passed.levels.tolist() == [1, 0, 0]
    flat_only = paths_worlds(paths[1:], THRESHOLDS)
    assert coverage(passed, 1, THRESHOLDS).mean() < coverage(flat_only, 1, THRESHOLDS).mean()
    table = coverage_table(passed, flat_only, THRESHOLDS, "the paths")
    assert table.columns[2] == "distance of the paths"
