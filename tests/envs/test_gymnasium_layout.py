from __future__ import annotations

import numpy as np
import pytest
from gymnasium.utils import seeding

from openpoet.envs.walker.gymnasium_layout import track

from .oracle import fresh_env


@pytest.mark.parametrize("hardcore", [False, True])
def test_track_and_initial_push_equal_those_of_a_new_gymnasium_environment(hardcore: bool) -> None:
    for seed in range(25):
        _, _, theirs = fresh_env(seed, hardcore)
        ours = track(seeding.np_random(seed)[0], hardcore)
        np.testing.assert_array_equal(ours.ground, theirs.ground)
        np.testing.assert_array_equal(
            np.sort(ours.polygons, axis=1), np.sort(theirs.polygons, axis=1)
        )
        assert ours.push == theirs.push


def test_the_generator_state_after_a_reset_equals_that_of_gymnasium() -> None:
    env, _, _ = fresh_env(3, True)
    rng, _ = seeding.np_random(3)
    track(rng, True)
    assert rng.random() == env.np_random.random()
