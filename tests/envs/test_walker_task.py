"""A walker's task contains everything that defines it: its JSON gives the same episodes in the
Gymnasium ids as in the family (A1).
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

from openpoet import envs  # noqa: F401  # registers the ids
from openpoet.agents.rollouts.networks import Policy
from openpoet.agents.rollouts.rollout import Machine, rollout
from openpoet.cli.settings.tables import build, preset, presets
from openpoet.envs.walker.family import Walker, WalkerSettings, WalkerTask
from openpoet.envs.walker.ground import TaskGround, ground
from openpoet.envs.walker.obstacles import Obstacles
from openpoet.envs.walker.task import TaskSettings

ALL = ("stump", "pit", "roughness", "stairs")
SETTINGS = {
    name: build(WalkerSettings, preset(name)["walker"], "walker")
    for name in presets()
    if "walker" in preset(name)
} | {
    "short": WalkerSettings(length=60, horizon=25),
    "dcd": WalkerSettings(layout="dcd", obstacles=ALL, horizon=200),
    "reference": WalkerSettings(encoding="cppn", terrain="reference", length=90),
    "episode": WalkerSettings(seeds="episode", obstacles=ALL, length=40),
}
STEPS = 200


def descendant(family: Walker, mutations: int = 6) -> WalkerTask:
    task, rng = family.origin(), np.random.default_rng(2)
    for _ in range(mutations):
        task = family.mutate(task, rng)
    return task if task.seed is not None else replace(task, seed=11)


def actions() -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.2, 0.2, (STEPS, 4)).astype(np.float32)


def in_family(family: Walker, task: WalkerTask) -> list[Any]:
    simulator = family.simulator([task], [0], "cpu")
    trajectory: list[Any] = [simulator.reset()[0].tolist()]
    for action in torch.from_numpy(actions()):
        observation, reward, terminated, truncated = simulator.step(action[None])
        trajectory.append(
            (observation[0].tolist(), float(reward), bool(terminated), bool(truncated))
        )
        if terminated or truncated:
            break
    return trajectory


def through_id(terrain: str) -> list[Any]:
    env = gymnasium.make("openpoet/Walker-v0", terrain=terrain)
    trajectory: list[Any] = [env.reset(seed=5)[0].tolist()]
    for action in actions():
        observation, reward, terminated, truncated, _ = env.step(action)
        trajectory.append(
            (observation.tolist(), float(reward), terminated, truncated and not terminated)
        )
        if terminated or truncated:
            break
    return trajectory


# where a body is hidden, an episode of the id draws it with a seed of its own
@pytest.mark.parametrize("name", [name for name in SETTINGS if SETTINGS[name].body == "standard"])
def test_the_id_gives_the_track_horizon_and_episode_of_a_task(name: str) -> None:
    family = Walker(SETTINGS[name])
    task = descendant(family)
    terrain = json.dumps(family.encode(task))
    own, made = family.track(task, 3), ground(None, terrain)
    track = made(np.random.default_rng(0)).track
    assert made.horizon == SETTINGS[name].horizon
    assert len(own.ground) == SETTINGS[name].length
    np.testing.assert_array_equal(track.ground, own.ground)
    np.testing.assert_array_equal(track.polygons, own.polygons)
    assert track.push == own.push
    assert through_id(terrain) == in_family(family, task)


def test_the_horizon_ends_an_episode_of_the_id_alone_and_in_a_batch() -> None:
    family = Walker(SETTINGS["short"])
    terrain = json.dumps(family.encode(family.origin()))
    trajectory = through_id(terrain)
    assert len(trajectory) == 1 + 25
    assert trajectory[-1][2:] == (False, True)
    batch = gymnasium.make_vec("openpoet/Walker-v0", num_envs=2, terrain=terrain)
    batch.reset(seed=5)
    for t in range(25):
        observation, _, _, truncated, _ = batch.step(actions()[[t, t]])
        assert truncated.tolist() == [t == 24] * 2
    assert observation[0].tolist() == trajectory[-1][0]
    shorter = gymnasium.make_vec(
        "openpoet/Walker-v0", num_envs=1, terrain=terrain, max_episode_steps=3
    )
    shorter.reset(seed=5)
    assert [bool(shorter.step(actions()[:1])[3][0]) for _ in range(3)] == [False, False, True]


def test_task_json_without_settings_gives_another_track_and_a_warning() -> None:
    """Schema 1 did not contain the settings; schema 2 does."""
    family = Walker(SETTINGS["short"])
    task = WalkerTask(Obstacles(2.0, (0.0, 2.0), (0.4, 1.2)), 7)
    data = family.encode(task)
    assert len(ground(None, data)(np.random.default_rng(0)).track.ground) == 60
    old = {"family": "walker", "schema": 1, "genome": data["genome"], "seed": 7}
    assert (
        family.decode(old) == family.decode(data) == task.under(TaskSettings(length=60, horizon=25))
    )
    with pytest.warns(UserWarning, match="a task of schema 1 does not hold its length"):
        assert len(ground(None, old)(np.random.default_rng(0)).track.ground) == 200


def test_a_task_of_another_run_keeps_its_settings() -> None:
    """Its track, horizon and JSON and those of its children, in a batch with tasks of the run."""
    old, new = Walker(SETTINGS["short"]), Walker(WalkerSettings(layout="dcd", horizon=60))
    foreign = new.decode(json.loads(json.dumps(old.encode(descendant(old)))))
    assert new.encode(foreign) == old.encode(descendant(old))
    assert (
        new.mutate(foreign, np.random.default_rng(0)).settings
        == foreign.settings
        != new.origin().settings
    )
    assert new.fingerprint(foreign) != new.fingerprint(replace(foreign, settings=new.own))
    simulator = new.simulator([new.origin(), foreign], [0, 0], "cpu")
    observation, alone = simulator.reset(), in_family(old, foreign)
    assert observation[1].tolist() == alone[0]
    for t in range(60):
        observation, reward, terminated, truncated = simulator.step(
            torch.from_numpy(actions()[[t, t]])
        )
        if t < 25:
            assert (
                observation[1].tolist(),
                float(reward[1]),
                bool(terminated[1]),
                bool(truncated[1]),
            ) == alone[t + 1]
    assert truncated.tolist() == [True, True]
    assert simulator.steps == 60 + 25


def test_episodes_of_a_batch_end_at_the_horizon_of_their_task() -> None:
    family = Walker(WalkerSettings(horizon=230))
    tasks = [
        replace(family.origin(), settings=replace(family.own, horizon=horizon))
        for horizon in (230, 7, 130, 101)
    ]
    policy, machine = Policy((24, 4)), Machine()
    weights, member = torch.zeros(1, policy.parameters), np.zeros(4, np.int64)
    done = rollout(policy, family, weights, member, tasks, [0] * 4, machine=machine)
    alone = [
        rollout(policy, family, weights, member[:1], [task], [0], machine=machine) for task in tasks
    ]
    assert done.steps.tolist() == [int(one.steps[0]) for one in alone]
    assert done.returns.tolist() == [float(one.returns[0]) for one in alone]
    assert done.steps[1] == 7


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            {"horizon": 2000},
            "the task's horizon is 2000 steps, this family has at most 60: set walker.horizon=2000",
        ),
        ({"lidar": "first"}, 'the task has lidar = "first", this family "nearest"'),
        ({"length": 30}, "length must be from 31 to 10000, got 30"),
        ({"length": True}, "length must be an integer from 31"),
        ({"length": 60.0}, "length must be an integer from 31"),
        ({"horizon": 10**400}, "horizon must be from 1"),
        ({"layout": "flat"}, "layout must be one of 'poet', 'dcd'"),
        ({"terrain": ["reference"]}, "terrain must be one of"),
        ({"more": 1}, "settings are layout, terrain, lidar, length, horizon"),
    ],
)
def test_settings_that_the_family_cannot_realise_are_an_error(
    settings: dict[str, Any], line: str
) -> None:
    family = Walker(WalkerSettings(horizon=60))
    data = family.encode(family.origin())
    with pytest.raises(ValueError, match=line) as caught:
        family.decode(data | {"settings": asdict(family.own) | settings})
    assert len(str(caught.value)) < 200


def test_a_task_of_the_box2d_engine_is_an_error_for_the_id() -> None:
    family = Walker(WalkerSettings(physics="box2d", lidar="first"))
    with pytest.raises(ValueError, match='lidar = "first", which only the real Box2D has'):
        gymnasium.make("openpoet/Walker-v0", terrain=json.dumps(family.encode(family.origin())))


@pytest.mark.parametrize(
    "terrain", [np.zeros(3), "[" * 10**5, Obstacles(gap=(5.0, 1.0)), WalkerTask(Obstacles(), -1)]
)
def test_terrains_constructed_directly_are_validated(terrain: Any) -> None:
    with pytest.raises(ValueError, match=r"terrain must be|gap must be|seed must be"):
        ground(None, terrain)


def test_grounds_compare_by_value() -> None:
    family = Walker(SETTINGS["short"])
    assert ground(None, family.origin()) == TaskGround(family.origin(), 25)
