"""Terrain of the Gymnasium environments: per row and at a reset; row attributes; info."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from openpoet import envs  # noqa: F401  # registers the ids
from openpoet.envs.walker.family import Walker, WalkerTask
from openpoet.envs.walker.obstacles import Obstacles
from openpoet.envs.walker.task import TaskSettings

ID, HARDCORE = "openpoet/Walker-v0", "openpoet/BipedalWalkerHardcore-v3"


def task(seed: int, horizon: int, roughness: float = 3.0) -> WalkerTask:
    return WalkerTask(Obstacles(roughness), seed, TaskSettings(length=60, horizon=horizon))


TASKS = [task(1, 3), task(2, 5), task(3, 9, 8.0)]


def as_dict(value: WalkerTask) -> dict[str, Any]:
    return Walker().encode(value)


def actions(steps: int, rows: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (steps, rows, 4)).astype(np.float32)


def same(ours: Any, theirs: Any) -> bool:
    """Whether keys, shapes, dtypes and values are equal, recursively."""
    if isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in theirs)
    if isinstance(theirs, tuple | list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, np.ndarray):
        if theirs.dtype == object:
            return ours.dtype == object and same(list(ours), list(theirs))
        return ours.dtype == theirs.dtype and np.array_equal(ours, theirs)
    return type(ours) is type(theirs) and ours == theirs


@pytest.mark.parametrize("kind", [list, tuple])
def test_rows_of_several_terrains_equal_single_environments_of_each(kind: Any) -> None:
    """Through ends and autoresets, at the horizon of each task."""
    forms = kind([TASKS[0], json.dumps(as_dict(TASKS[1])), as_dict(TASKS[2])])
    ours = gymnasium.make_vec(ID, num_envs=3, terrain=forms)
    theirs = gymnasium.vector.SyncVectorEnv(
        [lambda t=t: gymnasium.make(ID, terrain=t) for t in TASKS]
    )
    assert same(ours.reset(seed=1), theirs.reset(seed=1))
    ends = np.zeros(3, int)
    for action in actions(40, 3):
        found = ours.step(action)
        assert same(found, theirs.step(action))
        ends += found[3]
    assert ends.tolist() == [10, 6, 4]  # an episode and its reset take horizon + 1 steps


def test_a_terrain_list_may_contain_gymnasiums_ground() -> None:
    env = gymnasium.make_vec(HARDCORE, num_envs=2, terrain=[None, TASKS[0]])
    plain = gymnasium.make_vec(HARDCORE, num_envs=2)
    ours, theirs = env.reset(seed=3)[0], plain.reset(seed=3)[0]
    assert np.array_equal(ours[0], theirs[0])
    assert not np.array_equal(ours[1], theirs[1])


@pytest.mark.parametrize(
    ("terrain", "message"),
    [
        (
            TASKS[:2],
            r"^terrain must be one for all rows, or a list of 3, one per row; got a list of "
            r"2$",
        ),
        ([], r"^terrain must be one for all rows, or a list of 3, one per row; got a list of 0$"),
        (
            [*TASKS[:2], "hilly"],
            r"^row 2: terrain must be a task, its JSON, a niche of .*, or \"flat\"; got the "
            r"text 'hilly'$",
        ),
        ([3.5, *TASKS[:2]], r"^row 0: terrain must be a task, a genome, .*; got '3\.5'$"),
    ],
)
@pytest.mark.parametrize("when", ["make", "reset", "set_attr"])
def test_an_invalid_terrain_list_is_an_error_of_one_line_and_changes_nothing(
    when: str, terrain: Any, message: str
) -> None:
    if when == "make":
        with pytest.raises(ValueError, match=message):
            gymnasium.make_vec(ID, num_envs=3, terrain=terrain)
        return
    env = gymnasium.make_vec(ID, num_envs=3, terrain=TASKS)
    env.reset(seed=1)
    twin = copy.deepcopy(env)
    changes = {
        "reset": lambda: env.reset(seed=5, options={"terrain": terrain}),
        "set_attr": lambda: env.unwrapped.set_attr("terrain", terrain),
    }
    with pytest.raises(ValueError, match=message):
        changes[when]()
    for action in actions(12, 3):
        assert same(env.step(action), twin.step(action))
    assert env.unwrapped.np_random_seed == twin.unwrapped.np_random_seed


def test_a_single_environment_accepts_one_terrain() -> None:
    with pytest.raises(ValueError, match=r"^terrain must be a task, a genome, "):
        gymnasium.make(ID, terrain=TASKS)


@pytest.mark.parametrize("form", ["task", "dict", "json"])
def test_reset_options_change_the_terrain_of_a_single_environment(form: str) -> None:
    data = as_dict(TASKS[1])
    terrain = {"task": TASKS[1], "dict": data, "json": json.dumps(data)}[form]
    env, other = gymnasium.make(ID, terrain=TASKS[0]), gymnasium.make(ID, terrain=TASKS[1])
    env.reset(seed=1)
    for options, resets in (({"terrain": terrain}, 0), (None, 1)):  # it is kept until it is changed
        first = env.reset(seed=4, options=options)
        assert same(first, other.reset(seed=4)), resets
        for number, action in enumerate(actions(5, 1)[:, 0], 1):
            found = env.step(action)
            assert same(found, other.step(action))
            assert found[3] == (number == 5)  # the new task's horizon
    assert env.get_wrapper_attr("terrain") == TASKS[1]


def test_a_terrain_set_as_attribute_takes_effect_at_the_next_reset() -> None:
    env, left = gymnasium.make(ID, terrain=TASKS[2]), gymnasium.make(ID, terrain=TASKS[2])
    for made in (env, left):
        made.reset(seed=1)
    env.set_wrapper_attr("terrain", TASKS[0])
    for action in actions(9, 1)[:, 0]:
        # the horizon of the episode is the old task's
        assert same(env.step(action), left.step(action))
    assert same(env.reset(seed=2), gymnasium.make(ID, terrain=TASKS[0]).reset(seed=2))


def test_an_invalid_terrain_at_a_reset_changes_nothing() -> None:
    env = gymnasium.make(ID, terrain=TASKS[2])
    env.reset(seed=1)
    twin = copy.deepcopy(env)
    with pytest.raises(ValueError, match=r"^terrain must be "):
        env.reset(seed=7, options={"terrain": "hilly"})
    assert env.unwrapped.np_random_seed == twin.unwrapped.np_random_seed
    for action in actions(9, 1)[:, 0]:
        assert same(env.step(action), twin.step(action))


@pytest.mark.parametrize("given", ["one", "list"])
def test_reset_options_change_the_terrain_of_all_rows(given: str) -> None:
    env = gymnasium.make_vec(ID, num_envs=3, terrain="flat")
    env.reset(seed=1)
    terrain: Any = TASKS[0] if given == "one" else TASKS
    other = gymnasium.make_vec(ID, num_envs=3, terrain=terrain)
    assert same(env.reset(seed=2, options={"terrain": terrain}), other.reset(seed=2))
    for action in actions(20, 3):
        assert same(env.step(action), other.step(action))


@pytest.mark.parametrize("given", ["one", "list"])
def test_with_a_reset_mask_only_its_rows_change_terrain(given: str) -> None:
    mask = np.array([False, True, True])
    env = gymnasium.make_vec(ID, num_envs=3, terrain=TASKS[0])
    env.reset(seed=1)
    terrain: Any = TASKS[2] if given == "one" else [TASKS[1], TASKS[2], TASKS[2]]
    options = {"terrain": terrain, "reset_mask": mask}
    _, infos = env.reset(options=options)
    assert options.keys() == {"terrain", "reset_mask"}
    assert infos["_x_position"].tolist() == mask.tolist()
    assert env.unwrapped.get_attr("terrain") == (TASKS[0], TASKS[2], TASKS[2])
    truncated = np.array([env.step(action)[3] for action in actions(9, 3)])
    assert [np.flatnonzero(column).tolist() for column in truncated.T] == [[2, 6], [8], [8]]


def test_a_terrain_set_in_the_vector_environment_takes_effect_at_each_rows_reset() -> None:
    env = gymnasium.make_vec(ID, num_envs=2, terrain=[TASKS[0], TASKS[1]])
    env.reset(seed=1)
    env.unwrapped.set_attr("terrain", TASKS[2])
    assert env.unwrapped.get_attr("terrain") == (TASKS[2], TASKS[2])
    truncated = np.array([env.step(action)[3] for action in actions(16, 2)])
    assert [np.flatnonzero(column).tolist() for column in truncated.T] == [[2, 12], [4, 14]]


def test_a_copy_keeps_the_terrains_of_its_rows() -> None:
    env = gymnasium.make_vec(ID, num_envs=3, terrain=TASKS)
    env.reset(seed=1)
    twin = pickle.loads(pickle.dumps(env))
    for action in actions(12, 3):
        assert same(env.step(action), twin.step(action))


@pytest.mark.parametrize("limit", [None, 4, -1])
def test_rows_end_at_the_lower_of_the_limit_and_their_horizon(limit: int | None) -> None:
    env = gymnasium.make_vec(ID, num_envs=3, terrain=TASKS, max_episode_steps=limit)
    env.reset(seed=1)
    truncated = np.array([env.step(action)[3] for action in actions(9, 3)])
    lengths = [int(np.flatnonzero(column)[0]) + 1 for column in truncated.T]
    assert lengths == [min(horizon, limit if limit == 4 else 9) for horizon in (3, 5, 9)]


def test_info_has_position_and_speed_of_the_hull_as_in_gymnasiums_walker() -> None:
    ours, theirs = gymnasium.make(HARDCORE), gymnasium.make("BipedalWalker-v3", hardcore=True)
    infos = [ours.reset(seed=3)[1]]
    theirs.reset(seed=3)
    hull = theirs.unwrapped.hull
    expected = [(hull.position.x, hull.linearVelocity.x)]
    for action in actions(60, 1)[:, 0]:
        infos.append(ours.step(action)[4])
        theirs.step(action)
        expected.append((hull.position.x, hull.linearVelocity.x))
    assert [info.keys() for info in infos] == [{"x_position", "x_velocity"}] * 61
    assert {type(value) for info in infos for value in info.values()} == {float}
    assert [(info["x_position"], info["x_velocity"]) for info in infos] == expected
    assert len(set(expected)) > 30


@pytest.mark.parametrize("mode", AutoresetMode)
def test_infos_of_the_vector_environment_equal_those_of_gymnasium(mode: AutoresetMode) -> None:
    """final_info included, and the masks."""
    ours = gymnasium.make_vec(HARDCORE, num_envs=4, autoreset_mode=mode, max_episode_steps=6)
    kwargs = {"autoreset_mode": mode}
    theirs = gymnasium.make_vec(
        HARDCORE, num_envs=4, vectorization_mode="sync", vector_kwargs=kwargs, max_episode_steps=6
    )
    assert same(ours.reset(seed=5), theirs.reset(seed=5))
    ended = 0
    for number, action in enumerate(actions(20, 4)):
        if number == 3:
            mask = np.array([True, False, True, False])
            found = [env.reset(options={"reset_mask": mask.copy()})[1] for env in (ours, theirs)]
            assert same(*found)
        found = [env.step(action) for env in (ours, theirs)]
        assert same(*found)
        ends = found[0][2] | found[0][3]
        ended += int(ends.sum())
        if mode is AutoresetMode.DISABLED and ends.any():
            assert same(*[env.reset(options={"reset_mask": ends.copy()}) for env in (ours, theirs)])
    assert ended > 6


ATTRIBUTES = (
    "action_space",
    "metadata",
    "np_random_seed",
    "observation_space",
    "render_mode",
    "terrain",
)


def test_row_attributes_equal_those_of_single_environments() -> None:
    ours = gymnasium.make_vec(ID, num_envs=3, terrain=TASKS, render_mode="rgb_array").unwrapped
    makers = [lambda t=t: gymnasium.make(ID, terrain=t, render_mode="rgb_array") for t in TASKS]
    theirs = gymnasium.vector.SyncVectorEnv(makers)
    for env in (ours, theirs):
        env.reset(seed=4)
    for name in ATTRIBUTES:
        assert ours.get_attr(name) == theirs.get_attr(name), name
        assert ours.call(name) == theirs.call(name), name
    drawn = [[rng.random() for rng in env.get_attr("np_random")] for env in (ours, theirs)]
    assert drawn[0] == drawn[1]
    assert same(ours.call("render"), theirs.call("render"))
    assert [spec.id for spec in ours.get_attr("spec")] == [ID] * 3


def test_an_unknown_row_attribute_is_an_error_of_one_line() -> None:
    env = gymnasium.make_vec(ID, num_envs=2).unwrapped
    with pytest.raises(
        AttributeError,
        match=r"^a row has no attribute 'hull', only action_space, "
        r"",
    ):
        env.get_attr("hull")
    with pytest.raises(
        AttributeError,
        match=r"^a row has no attribute or method 'step', only "
        r"action_space, .*render",
    ):
        env.call("step", np.zeros(4))
    with pytest.raises(
        AttributeError, match=r"^only terrain and body of a row can be set, got 'hardcore'$"
    ):
        env.set_attr("hardcore", True)


def test_gymnasiums_vector_wrappers_work() -> None:
    """Episode statistics and infos as a list equal those of Gymnasium's vector environment."""
    from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics

    trajectories = []
    for mode in ("vector_entry_point", "sync"):
        env = gymnasium.make_vec(HARDCORE, num_envs=3, vectorization_mode=mode, max_episode_steps=5)
        env = DictInfoToList(RecordEpisodeStatistics(env))
        trajectory = [env.reset(seed=2)]
        for action in actions(14, 3):
            *rest, infos = env.step(action)
            for info in infos:
                info.get("episode", {}).pop("t", None)  # seconds
            trajectory.append((rest, infos))
        trajectories.append(trajectory)
    assert same(*trajectories)
