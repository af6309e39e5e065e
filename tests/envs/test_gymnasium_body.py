"""Bodies in the Gymnasium environments: fixed, drawn for every episode, or those of a task."""

from __future__ import annotations

import json
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils import seeding

from openpoet import envs  # noqa: F401  # registers the ids
from openpoet.envs.walker.body import Body
from openpoet.envs.walker.body_genes import NAMED, BodyGenes
from openpoet.envs.walker.family import Walker, WalkerSettings

HEAVY = Body(density=(9.0, 2.0, 2.0, 2.0, 2.0), leg_length=(1.5, 1.0, 1.5, 1.0))
ACTIONS = np.random.default_rng(0).uniform(-1, 1, (40, 4)).astype(np.float32)


def episode(env: Any, options: dict[str, Any] | None = None) -> list[Any]:
    trajectory = [env.reset(seed=5, options=options)[0]]
    return trajectory + [env.step(action)[0] for action in ACTIONS]


def in_batch(options: dict[str, Any] | None = None, **arguments: Any) -> list[Any]:
    env = gymnasium.make_vec("openpoet/Walker-v0", num_envs=2, **arguments)
    trajectory = [env.reset(seed=5, options=options)[0][0]]
    return trajectory + [env.step(np.stack([action] * 2))[0][0] for action in ACTIONS]


@pytest.mark.parametrize("body", [HEAVY, NAMED["legs"], "params"], ids=["fixed", "genes", "name"])
def test_a_body_is_the_same_in_make_and_make_vec_and_by_option(body: Any) -> None:
    alone = episode(gymnasium.make("openpoet/Walker-v0", body=body))
    plain = gymnasium.make("openpoet/Walker-v0")
    assert not np.array_equal(episode(plain)[1], alone[1])
    np.testing.assert_array_equal(episode(plain, {"body": body}), alone)
    np.testing.assert_array_equal(episode(plain), alone)  # later episodes keep it
    np.testing.assert_array_equal(in_batch(body=body), alone)
    np.testing.assert_array_equal(in_batch(body=[body, None]), alone)
    np.testing.assert_array_equal(in_batch({"body": [body, None]}), alone)


def test_a_task_with_a_body_gives_the_episodes_of_its_family() -> None:
    family = Walker(WalkerSettings(body="params", horizon=60))
    task = family.origin()
    env = gymnasium.make("openpoet/Walker-v0", terrain=json.dumps(family.encode(task)))
    seed = int(seeding.np_random(5)[0].integers(2**31))  # of the environment's first trial
    simulator = family.simulator([task], [seed], "cpu")
    trajectory = [simulator.reset()[0]]
    trajectory += [simulator.step(torch.from_numpy(action[None]))[0][0] for action in ACTIONS]
    np.testing.assert_array_equal(episode(env), torch.stack(trajectory).numpy())


def test_genes_draw_a_body_for_every_episode() -> None:
    """One of sixteen patterns of reversed joints, seen in the effect of one action."""
    track = Walker().origin()  # with a seed: the same ground for every episode
    env = gymnasium.make("openpoet/Walker-v0", terrain=track, body="reversed")
    effects = set()
    for seed in range(12):
        env.reset(seed=seed)
        effects.add(env.step(np.ones(4, np.float32))[0].tobytes())
    assert 3 < len(effects) <= 12
    env.reset(seed=3)
    assert env.step(np.ones(4, np.float32))[0].tobytes() in effects


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("wings", "body must be a Body, BodyGenes or one of reversed, crippled"),
        (3, "body must be a Body"),
        ("speed", "not part of the Gymnasium environments"),
        (BodyGenes(delay=(1.0, 0.0)), "not part of the Gymnasium environments"),
    ],
)
def test_other_bodies_are_an_error(body: Any, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        gymnasium.make("openpoet/Walker-v0", body=body)
    with pytest.raises(ValueError, match=line):
        gymnasium.make_vec("openpoet/Walker-v0", num_envs=2, body=body)


def test_a_list_has_a_body_for_every_row() -> None:
    with pytest.raises(ValueError, match="a list of 2, one per row; got a list of 1"):
        gymnasium.make_vec("openpoet/Walker-v0", num_envs=2, body=[HEAVY])
    with pytest.raises(ValueError, match="row 1: body must be a Body"):
        gymnasium.make_vec("openpoet/Walker-v0", num_envs=2, body=[HEAVY, 3])


def test_the_attribute_body_is_that_of_the_next_reset() -> None:
    one, many = (
        gymnasium.make("openpoet/Walker-v0"),
        gymnasium.make_vec("openpoet/Walker-v0", num_envs=2),
    )
    expected = episode(gymnasium.make("openpoet/Walker-v0", body=HEAVY))
    one.unwrapped.body = HEAVY
    np.testing.assert_array_equal(episode(one), expected)
    many.unwrapped.set_attr("body", [HEAVY, "legs"])
    assert many.unwrapped.get_attr("body") == (HEAVY, NAMED["legs"])
    found = [many.reset(seed=5)[0][0]]
    found += [many.step(np.stack([action] * 2))[0][0] for action in ACTIONS]
    np.testing.assert_array_equal(found, expected)
