"""Discounted Thompson sampling on drifting arms, against arms that stay."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.bandit_strategies import play
from benchmarks.bandit_strategies import thompson as stationary
from benchmarks.restless_references import thompson
from openpoet.envs.bandits import Arms


def test_without_drift_and_fading_it_is_thompson_sampling() -> None:
    found = thompson(Arms("restless", drift=0.0), 2, 20, 1.0, np.random.default_rng(0))
    known = play(stationary, 2, 20, 20_000, np.random.default_rng(1))
    assert found.mean == pytest.approx(known.mean, abs=4 * (found.error + known.error))
    assert found.best == pytest.approx(20 * 2 / 3, abs=0.15)  # the larger of two uniform numbers


def test_with_strong_drift_fading_helps_and_without_drift_it_costs() -> None:
    def gain(drift: float) -> float:
        task = Arms("restless", drift=drift)
        fading, lasting = (
            thompson(task, 2, 100, factor, np.random.default_rng(0)) for factor in (0.9, 1.0)
        )
        return fading.mean - lasting.mean

    assert gain(0.8) > 2.0
    assert gain(0.0) < -1.0
