"""Level vectors of the dcd benchmark as tasks."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest

from openpoet import envs  # noqa: F401  # registers the ids
from openpoet.envs.walker import dcd_layout
from openpoet.envs.walker.dcd_level import dcd_task
from openpoet.envs.walker.obstacles import Bounds, Obstacles, describe
from openpoet.envs.walker.task import TaskSettings, WalkerTask, track

# roughness, gap low, high, stump low, high, stair height low, high, steps
LEVEL = [1.5, 0.4, 2.0, 0.2, 1.0, 0.6, 1.4, 3]


def test_level_vectors_are_roughness_gap_stump_stair_height_and_steps() -> None:
    expected = Obstacles(
        roughness=1.5, gap=(0.4, 2.0), stump=(0.2, 1.0), stairs=(0.6, 1.4), stair_steps=3
    )
    assert dcd_task(LEVEL) == WalkerTask(
        expected, None, TaskSettings(layout="dcd", horizon=2000, length=200)
    )


def test_a_vector_of_five_numbers_is_a_level_without_stairs() -> None:
    assert dcd_task(LEVEL[:5]).genome == Obstacles(roughness=1.5, gap=(0.4, 2.0), stump=(0.2, 1.0))


@pytest.mark.parametrize("numbers", [5, 8])
def test_a_vector_may_end_with_a_seed_as_in_dcd(numbers: int) -> None:
    level = [*LEVEL[:numbers], 2**32 - 1]
    assert dcd_task(level) == WalkerTask(
        dcd_task(LEVEL[:numbers]).genome, 2**32 - 1, TaskSettings(layout="dcd")
    )
    assert dcd_task(np.array(level)) == dcd_task(level)
    # dcd stores them as text
    assert dcd_task(np.array([str(value) for value in level])) == dcd_task(level)


def test_interval_ends_are_sorted_and_steps_rounded_as_in_dcd() -> None:
    reversed_ends = [1.5, 2.0, 0.4, 1.0, 0.2, 1.4, 0.6, 2.6]
    assert dcd_task(reversed_ends) == dcd_task(LEVEL)


def test_the_vector_equals_the_description_of_the_genome() -> None:
    bounds = Bounds(categories=("stump", "pit", "roughness", "stairs"))
    assert describe(dcd_task(LEVEL).genome, bounds).tolist() == LEVEL


def test_the_track_equals_that_of_the_dcd_layout() -> None:
    made = track(dcd_task([*LEVEL, 7]), 0)
    expected = dcd_layout.track(dcd_task(LEVEL).genome, 7)
    assert np.array_equal(made.ground, expected.ground)
    assert np.array_equal(made.polygons, expected.polygons)


def test_obstacles_below_the_thresholds_of_dcd_are_omitted() -> None:
    """Upper ends just below 0.8 (gap), 0.2 (stump) and 0.2 (stairs): only the ground is left."""
    small = track(dcd_task([0, 0, 0.79, 0, 0.19, 0, 0.19, 9, 3]), 0)
    assert len(small.polygons) == 0
    assert len(track(dcd_task([0, 0, 0.8, 0, 0, 0, 0, 1, 3]), 0).polygons) > 0


@pytest.mark.parametrize(
    ("level", "message"),
    [
        (
            LEVEL[:4],
            r"^a dcd level has 8 numbers \(5 without stairs\), and one more if its seed "
            r"follows; got 4$",
        ),
        ([*LEVEL, 1, 2], r"^a dcd level has 8 numbers .*; got 10$"),
        ([[1.0] * 8], r"^a dcd level has 8 numbers .*; got an array of shape \[1, 8\]$"),
        (["a"] * 8, r"^a dcd level must hold numbers, got 'a'$"),
        ([float("nan"), *LEVEL[1:]], r"^roughness must be in \[0, 10\], got nan$"),
        ([*LEVEL[:2], 10.1, *LEVEL[3:]], r"^gap high must be in \[0, 10\], got 10\.1$"),
        ([*LEVEL[:3], -0.1, *LEVEL[4:]], r"^stump low must be in \[0, 5\], got -0\.1$"),
        ([*LEVEL[:7], 9.6], r"^stair steps must be in \[1, 9\], got 9\.6$"),
        ([*LEVEL, 1.5], r"^the level's seed must be a whole number in \[0, 2\*\*32\), got 1\.5$"),
        (
            [*LEVEL, 2**32],
            r"^the level's seed must be a whole number in \[0, 2\*\*32\), got "
            r"4294967296",
        ),
    ],
)
def test_invalid_level_vectors_are_an_error_of_one_line(level: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dcd_task(level)


def test_levels_are_accepted_as_terrain_per_row() -> None:
    levels = [[*LEVEL, 7], LEVEL[:5], [0.0, 0, 0, 0, 0]]
    env = gymnasium.make_vec(
        "openpoet/Walker-v0", num_envs=3, terrain=[dcd_task(level) for level in levels]
    )
    env.reset(seed=0)
    assert [task.settings.layout for task in env.unwrapped.get_attr("terrain")] == ["dcd"] * 3
