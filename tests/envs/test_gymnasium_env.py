from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import envs
from envs.walker.family import Walker, WalkerTask
from envs.walker.obstacles import Obstacles

IDS = ["openpoet/BipedalWalker-v3", "openpoet/BipedalWalkerHardcore-v3", "openpoet/Walker-v0"]
THEIRS = {"openpoet/BipedalWalker-v3": False, "openpoet/BipedalWalkerHardcore-v3": True}
STEPS = 80


def actions(seed: int, steps: int = STEPS) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (steps, 4)).astype(np.float32)


def episode(env: Any, seed: int) -> list[Any]:
    """Observations, rewards and ends from a seeded reset, as plain values."""
    observation, _ = env.reset(seed=seed)
    story = [observation.tolist()]
    for action in actions(seed):
        observation, reward, terminated, truncated, _ = env.step(action)
        story.append((observation.tolist(), float(reward), bool(terminated), bool(truncated)))
        if terminated or truncated:
            break
    return story


@pytest.mark.parametrize("id", IDS)
def test_gymnasiums_own_check_passes(id: str) -> None:
    check_env(gymnasium.make(id, render_mode="rgb_array").unwrapped)


@pytest.mark.parametrize("id", THEIRS)
def test_a_seed_gives_the_episode_of_a_fresh_gymnasium_environment_fresh_reused_and_batched(id: str) -> None:
    """The stricter check, which Gymnasium's own environment fails on reuse."""
    reused = gymnasium.make(id)
    seeds = [3, 11, 12]
    for seed in seeds:
        theirs = episode(gymnasium.make("BipedalWalker-v3", hardcore=THEIRS[id]), seed)
        assert episode(gymnasium.make(id), seed) == theirs
        assert episode(reused, seed) == theirs


def test_a_reset_without_a_seed_goes_on_with_the_generator_as_gymnasiums_does() -> None:
    ours, theirs = gymnasium.make(IDS[1]), gymnasium.make("BipedalWalkerHardcore-v3")
    ours.reset(seed=4)
    theirs.reset(seed=4)
    ours.reset()
    theirs.reset()
    assert ours.unwrapped.np_random.random() == theirs.unwrapped.np_random.random()


def test_spaces_and_limits_are_gymnasiums() -> None:
    ours, theirs = gymnasium.make(IDS[0]), gymnasium.make("BipedalWalker-v3")
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.spec is not None
    assert (ours.spec.max_episode_steps, ours.spec.reward_threshold) == (1600, 300)


@pytest.mark.parametrize("form", ["task", "genome", "dict", "json"])
def test_walker_takes_a_terrain_in_any_form(form: str) -> None:
    task = WalkerTask(Obstacles(1.0, (0.0, 0.8), (0.2, 0.6)), 7)
    data = Walker().encode(task)
    terrain = {"task": task, "genome": task.genome, "dict": data, "json": json.dumps(data)}[form]
    env = gymnasium.make("openpoet/Walker-v0", terrain=terrain)
    first = env.reset(seed=1)[0]
    again = env.reset(seed=2)[0]
    assert np.array_equal(first, again) == (form != "genome")  # a genome alone has another terrain every time


@pytest.mark.parametrize("terrain", ["nonsense", "{}", {"family": "maze"}, 3.5])
def test_a_terrain_that_is_none_is_refused_in_one_line(terrain: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        gymnasium.make("openpoet/Walker-v0", terrain=terrain)


def test_pictures_show_the_walker_and_the_ground() -> None:
    env = gymnasium.make(IDS[0], render_mode="rgb_array")
    env.reset(seed=0)
    frame = env.render()
    assert isinstance(frame, np.ndarray)
    assert frame.shape == (400, 600, 3)
    assert (frame == (127, 80, 190)).all(axis=2).sum() > 500  # the hull
    assert (frame[-1, 100:] == (110, 150, 90)).all()
    assert (frame[0] == (215, 229, 240)).all()


def test_a_window_opens_and_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = gymnasium.make(IDS[0], render_mode="human")
    env.reset(seed=0)
    env.step(np.zeros(4, np.float32))
    env.close()


def test_importing_the_room_loads_nothing_heavy() -> None:
    code = "import sys, envs; assert not {'torch', 'numba', 'Box2D', 'pygame'} & set(sys.modules)"
    root = Path(envs.__file__).resolve().parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
