from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import envs  # noqa: F401  # registers the ids

ID = "openpoet/BipedalWalkerHardcore-v3"


def actions(steps: int, rows: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (steps, rows, 4)).astype(np.float32)


def test_every_row_lives_the_episodes_of_a_single_environment() -> None:
    """Through ends and autoresets, against Gymnasium's own synchronous vector environment over single walkers."""
    ours = gymnasium.make_vec(ID, num_envs=6, max_episode_steps=60)
    singles = gymnasium.make_vec(ID, num_envs=6, max_episode_steps=60, vectorization_mode="sync")
    assert np.array_equal(ours.reset(seed=5)[0], singles.reset(seed=5)[0])
    ends = 0
    for action in actions(150, 6):
        for mine, theirs in zip(ours.step(action)[:4], singles.step(action)[:4], strict=True):
            assert np.array_equal(mine, theirs)
        ends += int(ours.unwrapped._ended.sum())
    assert ends > 6


def test_next_step_autoreset_is_declared_and_keeps_reward_zero() -> None:
    env = gymnasium.make_vec(ID, num_envs=2, max_episode_steps=2)
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    env.reset(seed=1)
    env.step(actions(1, 2)[0])
    *_, truncated, _ = env.step(actions(1, 2)[0])
    assert truncated.all()
    _, rewards, terminated, truncated, _ = env.step(actions(1, 2)[0])
    assert not rewards.any()
    assert not terminated.any()
    assert not truncated.any()


def test_same_step_autoreset_hands_the_last_observation_on() -> None:
    next_step = gymnasium.make_vec(ID, num_envs=3, max_episode_steps=2)
    same_step = gymnasium.make_vec(ID, num_envs=3, max_episode_steps=2, autoreset_mode=AutoresetMode.SAME_STEP)
    one, two, three = actions(3, 3)
    for env in (next_step, same_step):
        env.reset(seed=1)
        env.step(one)
    last = next_step.step(two)[0]
    first = next_step.step(three)[0]
    observations, _, _, truncated, infos = same_step.step(two)
    assert truncated.all()
    assert np.array_equal(np.stack(infos["final_obs"]), last)
    assert np.array_equal(observations, first)


def test_seeds_are_a_number_or_one_a_row() -> None:
    env = gymnasium.make_vec(ID, num_envs=3)
    by_number, by_list = env.reset(seed=7)[0], env.reset(seed=[7, 8, 9])[0]
    assert np.array_equal(by_number, by_list)
    with pytest.raises(ValueError, match="3 of them"):
        env.reset(seed=[1, 2])
