"""The paper's classes and distances by hand, and against the family's own classes."""

from __future__ import annotations

import numpy as np
import pytest

from openpoet.arena.experiments.classes import NAMES, distances, levels, uniform
from openpoet.envs.walker import obstacles

THRESHOLDS = np.array(
    [obstacles.ROUGHNESS_HARD, obstacles.GAP_HARD, obstacles.STUMP_HARD], np.float64
)


def test_levels_are_the_classes_of_the_family() -> None:
    rng, bounds = np.random.default_rng(1), obstacles.Bounds(stair_steps_max=1)
    genomes = [obstacles.sample(bounds, rng) for _ in range(300)] + [obstacles.Obstacles()]
    vectors = np.array([obstacles.describe(genome, bounds)[:5] for genome in genomes])
    found = [NAMES[level] for level in levels(vectors, THRESHOLDS)]
    assert found == [obstacles.difficulty(genome) for genome in genomes]
    assert set(found) == set(obstacles.CLASSES)


def test_distance_by_hand() -> None:
    """Roughness differs by 4 of 8, the widest gap by 8 of 8: sqrt((1/4 + 1) / 5) = 1/2."""
    one, other = np.zeros((1, 5)), np.array([[4.0, 0.0, 8.0, 0.0, 0.0]])
    assert distances(one, other).tolist() == [[0.5]]


def test_distance_from_flat_to_the_maxima_is_one() -> None:
    assert distances(np.zeros((1, 5)), np.array([[8.0, 8, 8, 3, 3]]))[0, 0] == pytest.approx(1)


@pytest.mark.parametrize("level", range(4))
def test_uniform_environments_are_of_their_class(level: int) -> None:
    drawn = uniform(level, THRESHOLDS, 200, np.random.default_rng(2))
    assert drawn.shape == (200, 5)
    assert set(levels(drawn, THRESHOLDS)) == {level}
    assert (drawn[:, 1] <= drawn[:, 2]).all()
    assert (drawn[:, 3] <= drawn[:, 4]).all()
    assert (drawn <= [8, 8, 8, 3, 3]).all()


def test_thresholds_beyond_the_maxima_are_refused() -> None:
    with pytest.raises(ValueError, match="no environment is of class 3"):
        uniform(3, np.array([9.0, 6.0, 2.4]), 1, np.random.default_rng(0))


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[worlds, 5\]"):
        levels(np.zeros((2, 8)), THRESHOLDS)
