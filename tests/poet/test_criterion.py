"""The minimal criterion: both bounds are inclusive."""

from __future__ import annotations

import pytest

from openpoet.poet.config import PoetConfig
from openpoet.poet.criterion import fault, viable

CONFIG = PoetConfig(mc_low=50, mc_high=300)


@pytest.mark.parametrize(
    ("score", "expected"), [(49.999, False), (50.0, True), (300.0, True), (300.001, False)]
)
def test_both_bounds_are_inclusive(score: float, expected: bool) -> None:
    assert viable(score, CONFIG) is expected


@pytest.mark.parametrize(("before", "expected"), [(95.0, True), (95.1, False), (None, True)])
def test_a_minimal_gain_can_be_required(before: float | None, expected: bool) -> None:
    config = PoetConfig(mc_low=50, mc_high=300, min_gain=5.0)
    assert viable(100.0, config, before) is expected
    assert viable(100.0, CONFIG, before)
    if not expected:
        assert fault(100.0, config, before) == "no gain"


def test_the_fault_is_too_hard_or_too_easy() -> None:
    assert (fault(49.0, CONFIG), fault(301.0, CONFIG)) == ("too hard", "too easy")
