"""The tables of the experiment `adaptation`, computed by hand."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest

from openpoet.arena.experiments.adaptation import (
    Adapted,
    Trained,
    adaptation_table,
    curve_of,
    curves_table,
    differences_table,
    steps_table,
    worlds_table,
)
from openpoet.arena.tables import Table

T = 12.706204736432095  # 97.5 % quantile of Student's t with one degree of freedom


def agent(trained_on: str, seed: int, last: float, tests: str = "suite") -> Adapted:
    """Two worlds of two trials with two episodes: the first returns 1, the last has this mean."""
    own = np.array([[[0.0, last - 1], [2, last - 1]], [[1, last + 1], [1, last + 1]]])
    off, shuffled = own.copy(), own.copy()
    off[..., -1], shuffled[..., -1] = 1.0, 0.5
    returns = {"none": own, "off": off, "shuffled": shuffled}
    return Adapted(tests, "rl2", trained_on, seed, ["near", "far"], returns)


def rows_of(table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.csv())))


def numbers(row: dict[str, Any], *names: str) -> list[float]:
    return [float(row[name]) for name in names]


def test_the_interval_is_over_the_means_of_seeds() -> None:
    """Last episodes of the seeds: 4 and 8. Mean 6, standard error 2, one degree of freedom."""
    (row,) = rows_of(adaptation_table([agent("evolved", 1, 4.0), agent("evolved", 2, 8.0)]))
    assert numbers(row, "first", "last", "gain") == [1.0, 6.0, 5.0]
    ends = numbers(row, "last_low", "last_high", "gain_low", "gain_high")
    assert ends == pytest.approx([6 - 2 * T, 6 + 2 * T, 5 - 2 * T, 5 + 2 * T])
    assert numbers(row, "memory_off", "other_history") == [1.0, 0.5]
    assert row["seeds"] == "2"


def test_one_seed_has_no_interval() -> None:
    (row,) = rows_of(adaptation_table([agent("fixed", 1, 4.0)]))
    assert (row["last"], row["last_low"], row["last_high"]) == ("4.0", "", "")


def test_differences_are_those_of_equal_seeds() -> None:
    """Seed 3 has no partner: with it the difference would be 4 - 2.5."""
    found = [agent("evolved", 1, 4.0), agent("evolved", 2, 6.0), agent("evolved", 3, 2.0)]
    found += [agent("fixed", 2, 3.0), agent("fixed", 1, 2.0)]
    (row,) = rows_of(differences_table(found, ["evolved", "population"], ["fixed", "accel"]))
    assert (row["trained_on"], row["seeds"]) == ("evolved - fixed", "2")
    assert numbers(row, "last", "gain") == [2.5, 2.5]
    assert numbers(row, "last_low", "last_high") == pytest.approx([2.5 - T / 2, 2.5 + T / 2])


def test_sets_of_worlds_are_not_mixed() -> None:
    found = [agent("evolved", 1, 4.0), agent("evolved", 1, 8.0, "others"), agent("fixed", 1, 1.0)]
    assert [row["last"] for row in rows_of(adaptation_table(found))] == ["4.0", "8.0", "1.0"]
    (row,) = rows_of(differences_table(found, ["evolved"], ["fixed"]))
    assert (row["tested_on"], row["last"]) == ("suite", "3.0")


def test_an_agent_without_memory_has_no_gain_and_no_controls() -> None:
    returns = {"none": np.array([[[1.0], [2.0]]])}
    found = [Adapted("suite", "ppo", name, 1, ["near"], returns) for name in ("evolved", "fixed")]
    row, _ = rows_of(adaptation_table(found))
    assert (row["first"], row["last"]) == ("1.5", "1.5")
    assert (row["gain"], row["memory_off"], row["other_history"]) == ("", "", "")
    (difference,) = rows_of(differences_table(found, ["evolved"], ["fixed"]))
    assert (difference["last"], difference["gain"]) == ("0.0", "")
    assert rows_of(worlds_table(found))[0]["memory_off"] == ""


def test_curves_are_means_by_episode() -> None:
    seeds = [agent("evolved", 1, 4.0), agent("evolved", 2, 8.0)]
    assert [one.value for one in curve_of(seeds)] == [1.0, 6.0]
    rows = rows_of(curves_table(seeds))
    assert [(row["episode"], row["return"]) for row in rows] == [("1", "1.0"), ("2", "6.0")]


def test_worlds_are_means_over_trials() -> None:
    near, far = rows_of(worlds_table([agent("evolved", 1, 4.0)]))
    assert numbers(near, "first", "last", "memory_off") == [1.0, 3.0, 1.0]
    assert (far["world"], float(far["last"])) == ("far", 5.0)


def test_steps_are_the_fewest_and_the_most_of_the_seeds() -> None:
    (row,) = rows_of(
        steps_table([Trained("rl2", "fixed", 1, 100, 5, 1), Trained("rl2", "fixed", 2, 120, 6, 3)])
    )
    assert list(row.values()) == ["rl2", "fixed", "2", "100", "120", "1", "3"]
