"""Runs compared at equal environment steps: cases by hand."""

from __future__ import annotations

import numpy as np
import pytest

from openpoet.arena.budget import (
    Progress,
    common_budget,
    curves_table,
    grouped,
    mean_curve,
    methods_table,
    runs_table,
)
from openpoet.arena.statistics import Mean

nan = float("nan")


def run(name: str, method: str, seed: int, steps: list[int], solved: list[int]) -> Progress:
    n = len(steps)
    scores = np.array([nan] + [10.0 * seed] * (n - 1))
    return Progress(
        name=name,
        method=method,
        seed=seed,
        steps=np.array(steps),
        hours=np.arange(n) / 2,
        solved=np.array(solved),
        annecs=np.array(solved) // 2,
        best=scores,
        median=scores - 1,
    )


RUNS = [
    run("a1", "a", 1, [0, 100, 200], [0, 2, 4]),
    run("b1", "b", 1, [0, 50, 90, 1000], [0, 8, 9, 50]),
    run("a2", "a", 2, [0, 120, 240], [0, 4, 8]),
]


def test_the_budget_is_what_every_run_has_reached() -> None:
    assert common_budget(RUNS) == 200


def test_a_budget_that_a_run_has_not_reached_is_refused() -> None:
    """a1 reached 200 steps and a2 240, b1 all of the 1,000."""
    assert common_budget(RUNS, 200) == 200
    assert common_budget(RUNS, 50) == 50
    with pytest.raises(ValueError, match="budget 201 is more steps than a1 reached: give at"):
        common_budget(RUNS, 201)
    with pytest.raises(ValueError, match="than a1, a2 reached: give at most 200, which"):
        common_budget(RUNS, 1000)


def test_a_run_is_read_at_its_last_iteration_within_the_budget() -> None:
    """At 200 steps: a1 has solved 4, a2, which has taken 120, 4, and b1, which has taken 90, 9.
    Known-wrong: at equal iterations, or at the end.
    """
    table = methods_table(RUNS, 200)
    assert list(table.columns[:4]) == ["method", "seeds", "hours", "solved"]
    first, second = table.rows
    assert first[:4] == ["a", 2, Mean(0.75, 0.25), Mean(4.0, 0.0)]
    assert second[:4] == ["b", 1, Mean(1.0, None), Mean(9.0, None)]


def test_a_run_without_a_score_has_no_mean() -> None:
    assert methods_table(RUNS, 50).rows[0][-1] is None


def test_runs_table_has_the_end_and_the_budget() -> None:
    row = runs_table(RUNS, 200).rows[1]
    assert row == ["b1", "b", 1, 3, 1000, 1.5, 9, 4, 10.0, 9.0]


def test_curves_have_every_iteration() -> None:
    table = curves_table(RUNS)
    assert len(table.rows) == 10
    assert table.rows[0] == ["a1", "a", 1, 0, 0, 0.0, 0, 0, None, None]


def test_mean_curve_holds_the_value_of_the_last_iteration() -> None:
    steps, means, errors = mean_curve([RUNS[0], RUNS[2]], "solved", points=5)
    assert steps.tolist() == [0, 50, 100, 150, 200]
    assert means.tolist() == [0, 0, 1, 3, 4]  # (2 + 0) / 2, (2 + 4) / 2, (4 + 4) / 2
    assert errors.tolist() == [0, 0, 1, 1, 0]


def test_repeats_of_one_seed_are_refused() -> None:
    with pytest.raises(ValueError, match="a1 and copy are both a with seed 1"):
        grouped([*RUNS, run("copy", "a", 1, [0, 1], [0, 1])])


def test_a_budget_below_the_first_iteration_is_refused() -> None:
    with pytest.raises(ValueError, match="more than the budget of 5"):
        methods_table([run("late", "a", 1, [10, 20], [0, 1])], 5)
