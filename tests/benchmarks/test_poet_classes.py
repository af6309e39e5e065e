"""The largest obstacles of a terrain, against the sizes that its generator drew."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.poet_classes import drawn
from openpoet.envs.walker import poet_layout
from openpoet.envs.walker.obstacles import Obstacles, difficulty

GENOME = Obstacles(4.5, gap=(2.0, 6.4), stump=(0.2, 3.0))


def test_the_largest_obstacles_are_the_largest_sizes_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: dict[object, list[float]] = {GENOME.gap: [], GENOME.stump: []}
    original = poet_layout.size_of

    def noted(interval: Any, rng: Any) -> float:
        sizes[interval].append(original(interval, rng))
        return sizes[interval][-1]

    monkeypatch.setattr(poet_layout, "size_of", noted)
    for seed in range(20):
        for each in sizes.values():
            each.clear()
        found = drawn(GENOME, seed, 200)
        assert (found.gap, found.stump) == (
            (0.0, pytest.approx(max(sizes[GENOME.gap]))),
            (0.0, pytest.approx(max(sizes[GENOME.stump]))),
        )
        assert found.roughness == GENOME.roughness


def test_a_class_by_upper_bounds_may_be_above_that_of_the_obstacles_drawn() -> None:
    """Every bound reaches its threshold; on most tracks the stumps drawn do not."""
    assert difficulty(GENOME) == "extremely challenging"
    names = {difficulty(drawn(GENOME, seed, 200)) for seed in range(20)}
    assert "very challenging" in names
    assert difficulty(drawn(Obstacles(), 3, 200)) == "easy"
