"""The adapter to Stable-Baselines3 against its DummyVecEnv over single walkers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

from openpoet import envs
from openpoet.envs.walker.body import Body
from openpoet.envs.walker.dcd_level import dcd_task
from openpoet.envs.walker.obstacles import Obstacles
from openpoet.envs.walker.sb3 import WalkerVecEnv
from openpoet.envs.walker.task import TaskSettings, WalkerTask

ID = "openpoet/Walker-v0"
ROOT = Path(envs.__file__).resolve().parents[1]
SETTINGS = [TaskSettings(length=60, horizon=horizon) for horizon in (4, 7, 90)]
TASKS = [WalkerTask(Obstacles(2.0), seed, own) for seed, own in enumerate(SETTINGS)]


def made(**more: Any) -> WalkerVecEnv:
    more = {"terrain": TASKS, "autoreset_mode": AutoresetMode.SAME_STEP} | more
    return WalkerVecEnv(gymnasium.make_vec(ID, num_envs=3, **more))


def singles(**more: Any) -> DummyVecEnv:
    return DummyVecEnv([lambda t=t: gymnasium.make(ID, terrain=t, **more) for t in TASKS])


def same(ours: Any, theirs: Any) -> bool:
    """Equal types, keys and values."""
    if isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in theirs)
    if isinstance(theirs, list | tuple):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, np.ndarray):
        return ours.dtype == theirs.dtype and np.array_equal(ours, theirs)
    return type(ours) is type(theirs) and ours == theirs


def test_steps_and_resets_equal_those_of_dummy_vec_env() -> None:
    """Through limits and falls, with seeds and with options that are used once."""
    ours, theirs = made(), singles()
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.metadata == theirs.metadata
    rng = np.random.default_rng(0)
    limited, fallen = 0, 0
    heavy = {"body": Body(density=(9.0, 2.0, 2.0, 2.0, 2.0))}
    for options in (None, [{"terrain": TASKS[2]}, heavy, {"body": "legs"}], None):
        for env in (ours, theirs):
            env.seed(5)
            env.set_options(options)
        assert same(ours.reset(), theirs.reset())
        assert same(ours.reset_infos, theirs.reset_infos)
        for _ in range(100):
            actions = rng.uniform(-1, 1, (3, 4)).astype(np.float32)
            found = ours.step(actions)
            assert same(found, theirs.step(actions))
            assert same(ours.reset_infos, theirs.reset_infos)
            limited += sum(info["TimeLimit.truncated"] for info in found[3])
            fallen += sum(
                done and not info["TimeLimit.truncated"]
                for done, info in zip(*found[2:], strict=True)
            )
    assert limited > 20
    assert fallen > 0


def test_attributes_and_methods_of_chosen_rows() -> None:
    ours, theirs = made(render_mode="rgb_array"), singles(render_mode="rgb_array")
    for env in (ours, theirs):
        env.seed(1)
        env.reset()
    assert ours.render_mode == theirs.render_mode == "rgb_array"
    assert ours.get_attr("terrain", [2, 0]) == theirs.get_attr("terrain", [2, 0])
    assert same(ours.env_method("render", indices=1), theirs.env_method("render", indices=1))
    assert same(ours.render(), theirs.render())
    assert ours.env_is_wrapped(gymnasium.Wrapper, [0, 1]) == [False, False]
    assert ours.has_attr("terrain")
    assert not ours.has_attr("hull")
    level = dcd_task([1.0, 0, 2, 0, 1])
    ours.set_attr("terrain", level, indices=1)
    assert ours.get_attr("terrain") == [TASKS[0], level, TASKS[2]]
    for env in (ours, theirs):
        env.set_attr("body", Body(gravity=5.0), indices=2)
    assert ours.get_attr("body") == theirs.get_attr("body") == [None, None, Body(gravity=5.0)]
    with pytest.raises(
        AttributeError, match=r"^only terrain and body of a row can be set, got 'metadata'$"
    ):
        ours.set_attr("metadata", {})


def test_ppo_trains_and_evaluates_on_the_adapter() -> None:
    env = VecMonitor(made())
    model = PPO("MlpPolicy", env, n_steps=32, batch_size=32, n_epochs=1, seed=0, device="cpu")
    before = [value.clone() for value in model.policy.parameters()]
    model.learn(96)
    assert any(
        (old != new).any() for old, new in zip(before, model.policy.parameters(), strict=True)
    )
    assert {episode["l"] for episode in model.ep_info_buffer} >= {4, 7}
    returns, lengths = evaluate_policy(model, env, n_eval_episodes=4, return_episode_rewards=True)
    assert len(returns) == len(lengths) == 4


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED])
def test_another_autoreset_mode_is_an_error_of_one_line(mode: AutoresetMode) -> None:
    with pytest.raises(
        ValueError,
        match=r"^env must be made with "
        r"autoreset_mode=AutoresetMode.SAME_STEP in ",
    ):
        made(autoreset_mode=mode)


def test_a_missing_stable_baselines3_is_an_error_that_names_the_package() -> None:
    code = (
        "import sys; sys.modules['stable_baselines3'] = None\n"
        "try: import openpoet.envs.walker.sb3\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == (
        "this module needs Stable-Baselines3: pip install 'stable-baselines3>=2.9'"
    )
