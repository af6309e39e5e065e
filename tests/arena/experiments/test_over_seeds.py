"""Measures over seeds and the sentences of findings: cases by hand."""

from __future__ import annotations

import pytest

from openpoet.arena.experiments.over_seeds import (
    Finding,
    Measure,
    difference,
    over_seeds,
    seeds_table,
)

GAIN = Measure("no-transfer", "gain", "above 0")


def test_the_interval_is_students_by_hand() -> None:
    """1, 2, 3: mean 2, standard error 1 / sqrt(3), t of 2 degrees of freedom 4.303."""
    found = over_seeds([1.0, None, 2.0, 3.0])
    assert found is not None
    assert found.value == 2.0
    assert found.low == pytest.approx(2 - 4.302653 / 3**0.5)
    assert found.high == pytest.approx(2 + 4.302653 / 3**0.5)


def test_a_seed_without_a_value_is_left_out_and_none_has_no_mean() -> None:
    values = {GAIN.key: [1.5, None, 2.5], "other: x": [None, None, None]}
    table = seeds_table([GAIN, Measure("other", "x")], values)
    first, second = table.rows
    assert first[:3] == ["no-transfer", "gain", "1.5  -  2.5"]
    assert first[3] == over_seeds([1.5, 2.5])
    assert first[4] == "above 0"
    assert second == ["other", "x", "-  -  -", None, "-"]


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([1.0, 2.0, 3.0], "is not decided"),  # from -0.48 to 4.48
        ([2.0, 2.1, 2.2], "shows"),
        ([-2.0, -2.1, -2.2], "does not show"),
        ([0.0, 0.0, 0.0], "does not show"),  # no difference at all
        ([9.0, 9.1, 9.2], "does not show"),  # above the upper bound
        ([7.9, 8.1, 8.0], "is not decided"),
    ],
)
def test_a_finding_shows_if_its_interval_lies_within_the_bounds(
    values: list[float], verdict: str
) -> None:
    finding = Finding(GAIN, "runs gain", least=0.0, most=8.0)
    assert f"runs gain: {verdict}, gain" in finding.sentence(values)
    assert "over 3 seeds" in finding.sentence([*values, None])


def test_one_seed_decides_nothing() -> None:
    sentence = Finding(GAIN, "runs gain", least=0.0).sentence([5.0, None])
    assert sentence == "runs gain: cannot be judged, 1 of 2 seeds have values"


def test_a_difference_needs_both() -> None:
    assert difference(3.0, 1.0) == 2.0
    assert difference(None, 1.0) is None
    assert difference(1.0, None) is None
