"""The minimal criterion: both ends belong to it."""

from __future__ import annotations

import pytest

from poet.config import PoetConfig
from poet.criterion import fault, viable

CONFIG = PoetConfig(mc_low=50, mc_high=300)


@pytest.mark.parametrize(("score", "expected"), [(49.999, False), (50.0, True), (300.0, True), (300.001, False)])
def test_both_ends_belong(score: float, expected: bool) -> None:
    assert viable(score, CONFIG) is expected


def test_the_fault_names_the_side() -> None:
    assert (fault(49.0, CONFIG), fault(301.0, CONFIG)) == ("too hard", "too easy")
