"""Methods on a suite: cases by hand."""

from __future__ import annotations

import numpy as np
import pytest

from openpoet.arena.population import Entry
from openpoet.arena.statistics import Mean
from openpoet.arena.suite_comparison import (
    Result,
    by_way,
    improvement_table,
    profile_table,
    risk_table,
    risks,
    suite_table,
    ways_of,
    worlds_table,
)

WORLDS = ("flat", "rough")


def entry(name: str, returns: list[list[float]], solved: list[list[float]]) -> Entry:
    return Entry(name, ("a", "a"), np.array(returns), np.array(solved))


def single(run: str, method: str, seed: int, returns: list[list[float]]) -> Result:
    """A run with one agent, which solves an episode at a return of 10."""
    solved = (np.array(returns) >= 10).astype(float)
    only = Entry("agent", ("a", "a"), np.array(returns), solved)
    return Result(run, method, seed, WORLDS, by_way([only]))


RESULTS = [
    single("a1", "a", 1, [[10.0, 20.0], [0.0, 0.0]]),  # 15 and 0
    single("a2", "a", 2, [[20.0, 30.0], [10.0, 0.0]]),  # 25 and 5
    single("b1", "b", 1, [[10.0, 10.0], [1.0, 3.0]]),  # 10 and 2
]


def test_runs_of_single_agents_are_there_once() -> None:
    assert ways_of(RESULTS) == ["mean"]


def test_a_single_agent_beside_a_population_is_there_in_all_ways() -> None:
    names = ("oracle", "chosen on validation", "mean")
    entries = [entry(name, [[1.0, 1.0], [2.0, 2.0]], [[0.0, 0.0]] * 2) for name in names]
    found = [*RESULTS, Result("p", "p", 1, WORLDS, by_way(entries))]
    assert ways_of(found) == list(names)
    assert {row[0] for row in risk_table(found).rows} == {"chosen on validation", "mean"}


def test_a_single_agent_is_the_same_in_all_ways() -> None:
    (first, *others) = by_way([entry("agent", [[1.0], [2.0]], [[0.0], [0.0]])]).values()
    assert all(other is first for other in others)
    assert len(others) == 2


def test_a_population_has_its_own_ways() -> None:
    oracle, average = (entry(name, [[1.0], [2.0]], [[0.0], [0.0]]) for name in ("oracle", "mean"))
    assert by_way([oracle, average]) == {"oracle": oracle, "mean": average}


def test_table_by_hand() -> None:
    """Method a: (15 + 0) / 2 = 7.5 and (25 + 5) / 2 = 15; half of the episodes of its first seed
    and three quarters of its second are solved.
    """
    rows = [row for row in suite_table(RESULTS).rows if row[0] == "mean"]
    assert rows[0][:4] == ["mean", "a", 2, Mean(11.25, 3.75)]
    assert rows[0][5] == Mean(0.625, 0.125)
    assert rows[1][3] == Mean(6.0, None)
    assert rows[0][4].value == 10.0  # type: ignore[union-attr] # middle of 0, 5, 15, 25


def test_ways_that_a_run_lacks_are_left_out() -> None:
    population = [entry(name, [[1.0], [2.0]], [[0.0], [0.0]]) for name in ("oracle", "mean")]
    found = suite_table([*RESULTS, Result("p", "p", 1, WORLDS, by_way(population))])
    assert {row[0] for row in found.rows} == {"oracle", "mean"}


def test_worlds_have_a_row_for_each_run_and_way() -> None:
    rows = worlds_table(RESULTS).rows
    assert len(rows) == 3 * 2
    assert rows[0] == ["a", "a1", 1, "mean", "flat", 15.0, 1.0]


def test_improvement_by_hand() -> None:
    """In flat both seeds of a beat b, in rough one of two."""
    rows = {tuple(row[:3]): row[3] for row in improvement_table(RESULTS).rows}
    assert rows["mean", "a", "b"].value == 0.75  # type: ignore[union-attr]
    assert rows["mean", "b", "a"].value == 0.25  # type: ignore[union-attr]


def test_profile_goes_from_the_lowest_to_the_highest_return() -> None:
    rows = [row for row in profile_table(RESULTS).rows if row[:2] == ["mean", "a"]]
    assert (rows[0][2], rows[-1][2]) == (0.0, 25.0)
    assert rows[0][3].value == 0.75  # type: ignore[union-attr]
    assert rows[-1][3].value == 0.0  # type: ignore[union-attr]


def test_risk_is_ranked_on_the_first_half_and_measured_on_the_second() -> None:
    """Half of the worlds: those with the fewest solved first episodes. For a1 that is rough, for
    a2 both are equal at first, so the first one, flat.
    """
    unlucky = single("a2", "a", 2, [[0.0, 30.0], [0.0, 0.0]])
    alphas, found = risks([RESULTS[0], unlucky], "mean")
    assert alphas == [0.5, 1.0]
    assert found["a"] == [Mean(0.5, 0.5), Mean(0.5, 0.0)]


def test_risk_of_an_oracle_or_of_one_episode_is_refused() -> None:
    with pytest.raises(ValueError, match="oracle"):
        risks(RESULTS, "oracle")
    with pytest.raises(ValueError, match="at least 2 episodes"):
        risks([single("c", "c", 1, [[1.0], [2.0]])], "mean")


def test_results_of_other_worlds_are_refused() -> None:
    other = Result("x", "a", 3, ("flat", "steep"), RESULTS[0].ways)
    with pytest.raises(ValueError, match="x and a1 must have the same worlds"):
        suite_table([*RESULTS, other])
