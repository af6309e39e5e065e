from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import cloudpickle
import gymnasium
import numpy as np
import pygame
import pytest
from gymnasium.utils.env_checker import check_env

from openpoet import envs
from openpoet.envs.walker import batch
from openpoet.envs.walker.family import Walker, WalkerTask
from openpoet.envs.walker.obstacles import Obstacles

IDS = ["openpoet/BipedalWalker-v3", "openpoet/BipedalWalkerHardcore-v3", "openpoet/Walker-v0"]
THEIRS = {"openpoet/BipedalWalker-v3": False, "openpoet/BipedalWalkerHardcore-v3": True}
STEPS = 80
ROOT = Path(envs.__file__).resolve().parents[1]


def actions(seed: int, steps: int = STEPS) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (steps, 4)).astype(np.float32)


def episode(env: Any, seed: int) -> list[Any]:
    """Observations, rewards and ends from a seeded reset, as plain values."""
    observation, _ = env.reset(seed=seed)
    trajectory = [observation.tolist()]
    for action in actions(seed):
        observation, reward, terminated, truncated, _ = env.step(action)
        trajectory.append((observation.tolist(), float(reward), bool(terminated), bool(truncated)))
        if terminated or truncated:
            break
    return trajectory


@pytest.mark.parametrize("id", IDS)
def test_gymnasiums_check_env_passes(id: str) -> None:
    check_env(gymnasium.make(id, render_mode="rgb_array").unwrapped)


@pytest.mark.parametrize("id", THEIRS)
def test_seeded_episodes_of_new_reused_and_batched_environments_equal_those_of_a_new_gymnasium_env(
    id: str,
) -> None:
    """Gymnasium's own environment does not pass this check when it is reused."""
    reused = gymnasium.make(id)
    seeds = [3, 11, 12]
    for seed in seeds:
        theirs = episode(gymnasium.make("BipedalWalker-v3", hardcore=THEIRS[id]), seed)
        assert episode(gymnasium.make(id), seed) == theirs
        assert episode(reused, seed) == theirs


def test_a_reset_without_a_seed_continues_the_generator_as_in_gymnasium() -> None:
    ours, theirs = gymnasium.make(IDS[1]), gymnasium.make("BipedalWalkerHardcore-v3")
    ours.reset(seed=4)
    theirs.reset(seed=4)
    ours.reset()
    theirs.reset()
    assert ours.unwrapped.np_random.random() == theirs.unwrapped.np_random.random()


def test_spaces_and_limits_equal_those_of_gymnasium() -> None:
    ours, theirs = gymnasium.make(IDS[0]), gymnasium.make("BipedalWalker-v3")
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.spec is not None
    assert (ours.spec.max_episode_steps, ours.spec.reward_threshold) == (1600, 300)


@pytest.mark.parametrize("form", ["task", "genome", "dict", "json"])
def test_walker_accepts_every_form_of_terrain(form: str) -> None:
    task = WalkerTask(Obstacles(1.0, (0.0, 0.8), (0.2, 0.6)), 7)
    data = Walker().encode(task)
    terrain = {"task": task, "genome": task.genome, "dict": data, "json": json.dumps(data)}[form]
    env = gymnasium.make("openpoet/Walker-v0", terrain=terrain)
    first = env.reset(seed=1)[0]
    again = env.reset(seed=2)[0]
    # a genome without a seed has a new terrain in every episode
    assert np.array_equal(first, again) == (form != "genome")


@pytest.mark.parametrize(
    ("terrain", "message"),
    [
        (
            "nonsense",
            r"^terrain must be a task, its JSON, a niche of .*, or \"flat\"; got the text 'no",
        ),
        ("{}", r"^a (walker task|task of 'walker') is .*, got \{\}$"),
        ({"family": "maze"}, r"^a (walker task|task of 'walker') is .*, got \{'family': 'maze'\}$"),
        (3.5, r"^terrain must be a task, a genome, .*; got '3\.5'$"),
        (np.zeros(3), r"^terrain must be a task, a genome, .*; got '\[0\. 0\. 0\.\]'$"),
    ],
)
@pytest.mark.parametrize("make", [gymnasium.make, gymnasium.make_vec])
def test_an_invalid_terrain_is_an_error_of_one_line(make: Any, terrain: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make("openpoet/Walker-v0", terrain=terrain)


def test_pictures_show_the_walker_and_the_ground() -> None:
    env = gymnasium.make(IDS[0], render_mode="rgb_array")
    env.reset(seed=0)
    frame = env.render()
    assert isinstance(frame, np.ndarray)
    assert frame.shape == (400, 600, 3)
    assert (frame == (127, 80, 190)).all(axis=2).sum() > 500  # the hull
    assert (frame[-1, 100:] == (110, 150, 90)).all()
    assert (frame[0] == (215, 229, 240)).all()


def plan(seed: int, dtype: Any) -> np.ndarray:
    """Actions of a random policy in a dtype, some beyond [-1, 1]."""
    drawn = np.random.default_rng(seed).uniform(-1.3, 1.3, (150, 4))
    return np.rint(drawn).astype(dtype) if np.issubdtype(dtype, np.integer) else drawn.astype(dtype)


def trajectory_of(env: Any, seed: int, given: Any) -> list[Any]:
    """Observations, rewards and ends as plain values, of a single environment or of a vector of
    one.
    """
    env.reset(seed=seed)
    trajectory = []
    for action in given:
        observation, reward, terminated, *_ = env.step(action)
        trajectory.append(
            (
                np.ravel(observation).tolist(),
                float(np.ravel(reward)[0]),
                bool(np.ravel(terminated)[0]),
            )
        )
        if trajectory[-1][2]:
            break
    return trajectory


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64])
def test_torque_and_cost_are_computed_in_the_dtype_of_the_actions_as_in_gymnasium(
    dtype: Any,
) -> None:
    for seed in range(3):
        given = plan(seed, dtype)
        theirs = trajectory_of(gymnasium.make("BipedalWalker-v3"), seed, given)
        assert trajectory_of(gymnasium.make(IDS[0]), seed, given) == theirs
        assert trajectory_of(gymnasium.make_vec(IDS[0]), seed, given[:, None]) == theirs
        if dtype is np.float64:
            # Python's floats are float64
            assert trajectory_of(gymnasium.make(IDS[0]), seed, given.tolist()) == theirs
            # what narrowing would give
            assert trajectory_of(gymnasium.make(IDS[0]), seed, given.astype(np.float32)) != theirs


def test_read_only_action_arrays_are_accepted() -> None:
    """For example arrays of JAX and of np.broadcast_to."""
    env, given = gymnasium.make(IDS[0]), plan(0, np.float32)[:5]
    expected = trajectory_of(env, 0, given)
    given.flags.writeable = False
    assert trajectory_of(env, 0, given) == expected


COPIES = {
    "pickle": lambda env: pickle.loads(pickle.dumps(env)),
    "deepcopy": copy.deepcopy,
    "cloudpickle": lambda env: cloudpickle.loads(cloudpickle.dumps(env)),
}


def future(env: Any, resets: int = 2) -> list[Any]:
    """Steps from the current state, then whole episodes without a seed."""
    trajectory = []
    for number in range(resets + 1):
        trajectory += [env.reset()[0].tolist()] if number else []
        for action in actions(number, 12):
            full_action = np.broadcast_to(action, env.action_space.shape).copy()
            trajectory.append([np.asarray(part).tolist() for part in env.step(full_action)[:4]])
    return trajectory


def made(id: str, several: bool) -> Any:
    """An environment that resets within few steps; Walker-v0 on rough ground that differs in every
    episode.
    """
    more: dict[str, Any] = (
        {"terrain": Obstacles(1.0, (0.0, 0.8), (0.2, 0.6))} if id == IDS[2] else {}
    )
    if several:
        return gymnasium.make_vec(id, num_envs=3, threads=1, max_episode_steps=7, **more)
    return gymnasium.make(id, **more)


@pytest.mark.parametrize("several", [False, True], ids=["make", "make_vec"])
@pytest.mark.parametrize("id", IDS)
@pytest.mark.parametrize("form", COPIES)
def test_a_copy_continues_with_the_same_episodes(form: str, id: str, several: bool) -> None:
    env = made(id, several)
    env.reset(seed=1)
    if not several:
        future(env, 0)
    twin = COPIES[form](env)
    assert future(twin) == future(env)
    new = made(id, several)
    twin = COPIES[form](new)
    assert [twin.reset(seed=5)[0].tolist(), future(twin)] == [
        new.reset(seed=5)[0].tolist(),
        future(new),
    ]


def test_copies_do_not_share_their_state() -> None:
    env = made(IDS[0], several=False)
    env.reset(seed=1)
    twin, third = copy.deepcopy(env), copy.deepcopy(env)
    trajectory = future(env)
    assert future(twin) == trajectory
    assert future(third) == trajectory


def test_a_pickled_environment_continues_in_another_process(tmp_path: Path) -> None:
    env = gymnasium.make(IDS[1])
    env.reset(seed=2)
    (tmp_path / "env").write_bytes(pickle.dumps(env))
    code = (
        "import pickle, sys, numpy as np; env = pickle.loads(open(sys.argv[1], 'rb').read());"
        "print(env.step(np.ones(4, np.float32))[0].tolist())"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "env")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == env.step(np.ones(4, np.float32))[0].tolist()


def test_unpickling_a_walker_of_another_physics_version_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    env = gymnasium.make(IDS[0])
    env.reset(seed=0)
    data = pickle.dumps(env)
    monkeypatch.setattr(batch, "physics_version", lambda: "edited")
    with pytest.raises(
        ValueError,
        match=r"^these walkers were pickled by another version of "
        r"openpoet: ",
    ):
        pickle.loads(data)


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An environment with a window, on no screen."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = gymnasium.make(IDS[0], render_mode="human")
    yield env
    env.close()


def test_a_window_opens_and_closes(window: Any) -> None:
    window.reset(seed=0)
    window.step(np.zeros(4, np.float32))
    assert pygame.display.get_surface() is not None
    window.close()
    assert pygame.display.get_surface() is None


def test_the_close_button_closes_the_window_permanently_and_the_episode_continues(
    window: Any,
) -> None:
    window.reset(seed=0)
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    for _ in range(2):
        assert window.step(np.zeros(4, np.float32))[0].shape == (24,)
        assert pygame.display.get_surface() is None
    later = gymnasium.make(IDS[0], render_mode="human")
    later.reset(seed=0)
    assert pygame.display.get_surface() is not None  # the click was on the other window
    later.close()


def test_all_frames_of_a_window_use_the_same_clock(
    window: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new clock per frame would wait for a whole frame, however long the step took."""
    clocks, real = [], pygame.time.Clock

    def clock() -> Any:
        clocks.append(real())
        return clocks[-1]

    monkeypatch.setattr(pygame.time, "Clock", clock)
    window.reset(seed=0)
    for _ in range(5):
        window.step(np.zeros(4, np.float32))
    assert len(clocks) == 1
    assert clocks[0].get_time() > 0


def test_importing_envs_does_not_import_torch_or_numba() -> None:
    heavy = "{'torch', 'numba', 'Box2D', 'pygame'}"
    code = f"import sys, openpoet.envs; assert not {heavy} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("id", IDS)
def test_gymnasium_imports_envs_for_ids_with_a_module_prefix(id: str) -> None:
    code = (
        f"import gymnasium; print(gymnasium.make('openpoet.envs:{id}').reset(seed=1)[0].tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == gymnasium.make(id).reset(seed=1)[0].tolist()
