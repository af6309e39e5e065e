"""Bodies as values: equal to Box2D's walker with the same body; masses by hand; errors."""

from __future__ import annotations

import copy
import pickle
import re
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from openpoet.envs.walker.batch import WalkerBatch
from openpoet.envs.walker.body import BOUNDS, STANDARD, Body
from openpoet.envs.walker.box2d import Box2DWalker
from openpoet.envs.walker.physics import bodies
from openpoet.envs.walker.physics import state as at
from tests.envs import oracle

STEPS = 200
POLICIES = (oracle.random_policy, oracle.jerky_policy, oracle.idle_policy)
NAMES = ("floats", "integers")


def differing(batch: WalkerBatch, walker: Box2DWalker, dtype: type, seed: int) -> int:
    """The first step of an episode that differs from Box2D's; 0 if none of STEPS does."""
    policy = POLICIES[seed % 3](seed)
    observation = walker.reset()
    if not np.array_equal(batch.reset()[0], observation):
        return 1
    for step in range(STEPS):
        action = policy(observation).astype(dtype)
        observation, reward, terminated = walker.step(action)
        ours, rewards, ends = batch.step(action[None])
        same = (rewards[0], ends[0]) == (reward, terminated)
        if not (same and np.array_equal(ours[0], observation)):
            return 1 + step
    return 0


def test_drawn_bodies_equal_box2d_built_with_them() -> None:
    counts = dict.fromkeys(("toi", "polygon", "two_point"), 0)
    for seed in range(12):
        body, track = oracle.drawn_body(seed), oracle.obstacle_track(seed)
        batch = WalkerBatch([track], [body], threads=1)
        dtype = (np.float32, np.float64, np.float16)[seed % 3 if seed > 5 else 0]
        assert differing(batch, Box2DWalker(track, body=body), dtype, seed) == 0
        for name in counts:
            counts[name] += batch.events[name]
    assert all(counts.values()), f"an event was never exercised: {counts}"


@pytest.mark.parametrize("name", [field.name for field in fields(Body)])
def test_every_value_of_a_body_changes_the_walk(name: str) -> None:
    """A value that no kernel reads would leave the episode as it is."""
    track, value = oracle.obstacle_track(1), getattr(STANDARD, name)
    first = value[0] if isinstance(value, tuple) else value
    other = -1 if name == "direction" else 0.9 * first
    changed: Any = (other, *value[1:]) if isinstance(value, tuple) else other
    batch = WalkerBatch([track, track], [STANDARD, replace(STANDARD, **{name: changed})])
    batch.reset()
    for action in np.random.default_rng(0).uniform(-1, 1, (60, 1, 4)).astype(np.float32):
        observations = batch.step(np.repeat(action, 2, axis=0))[0]
    assert not np.array_equal(observations[0], observations[1])


@pytest.mark.parametrize(
    ("field", "shift"),
    [
        pytest.param(at.CENTER, 2e-4, id="centre of mass of the hull not moved"),
        pytest.param(at.ANCHOR_A + 1, 1e-3, id="anchor of the hip"),
        pytest.param(at.INVERSE_INERTIA + 1, 1e-2, id="inertia of a leg"),
        pytest.param(at.FRICTION + 2, 1e-2, id="friction of a lower leg"),
        pytest.param(at.GRAVITY, 1e-3, id="gravity"),
    ],
)
def test_a_body_with_one_wrong_value_differs_from_box2d(field: int, shift: float) -> None:
    """Control: the comparison with Box2D fails for a small error in a single value."""
    body, track = oracle.drawn_body(3), oracle.obstacle_track(3)
    batch = WalkerBatch([track], [body], threads=1)
    batch._bodies.table[0, field] += np.float32(shift)
    assert differing(batch, Box2DWalker(track, body=body), np.float32, 3) > 0


def test_masses_of_other_legs_equal_hand_computed_ones_and_box2d() -> None:
    """A box of 0.5 m x 2 m and 3 kg/m2: 3 kg, and 3 (0.5^2 + 2^2) / 12 = 1.0625 kg m2."""
    body = replace(
        STANDARD,
        leg_width=(0.5, 0.2, 0.2, 0.2),
        leg_length=(2.0, 1.0, 1.5, 1.0),
        density=(5.0, 3.0, 1.0, 1.0, 1.0),
    )
    row, walker = bodies.traits(body), Box2DWalker(oracle.flat_track(), body=body)
    walker.reset()
    np.testing.assert_allclose(1 / row[at.INVERSE_MASS + 1], 3.0, rtol=1e-6)
    np.testing.assert_allclose(1 / row[at.INVERSE_INERTIA + 1], 1.0625, rtol=1e-6)
    np.testing.assert_allclose(row[at.ANCHOR_A + 3], -1.0, rtol=1e-6)  # knee, half the upper leg
    np.testing.assert_allclose(row[at.ANCHOR_B + 1], 1.0, rtol=1e-6)  # hip, on the leg
    for part, made in enumerate(walker.bodies):
        assert np.float32(1) / np.float32(made.mass) == row[at.INVERSE_MASS + part]
        center = row[at.CENTER + 2 * part :][:2]
        np.testing.assert_array_equal(np.array(made.localCenter, np.float32), center)
        about = np.float32(made.inertia) - np.float32(made.mass) * (center @ center)
        np.testing.assert_allclose(1 / about, row[at.INVERSE_INERTIA + part], rtol=1e-6)


def test_the_longer_leg_starts_as_far_above_the_ground_as_the_standard_one() -> None:
    """Lowest corner of each walker before its first step, legs upright within 0.05 rad."""
    lengths = ((1.9, 0.4, 0.5, 0.5), (0.3, 0.3, 0.3, 1.0), STANDARD.leg_length)
    for given in lengths:
        row = bodies.traits(replace(STANDARD, leg_length=given))
        heights = row[at.START_POSITION :][3:10:2]
        soles = [y - length / 2 for y, length in zip(heights, given, strict=True)]
        assert min(soles) == pytest.approx(oracle.GROUND_HEIGHT + 8 / 30, abs=1e-6)


def test_a_reversed_motor_equals_the_opposite_action() -> None:
    track, plan = oracle.obstacle_track(4), np.random.default_rng(4).uniform(-1, 1, (80, 1, 4))
    backwards = WalkerBatch([track], [replace(STANDARD, direction=(1, -1, -1, 1))])
    plain = WalkerBatch([track])
    np.testing.assert_array_equal(backwards.reset(), plain.reset())
    for action in plan.astype(np.float32):
        theirs = plain.step(action * np.array([1, -1, -1, 1], np.float32))
        for a, b in zip(backwards.step(action), theirs, strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_cost_of_torque_does_not_depend_on_the_body() -> None:
    """The reward of a step is the change of potential less 0.00035 * 80 * |action| a motor."""
    batch = WalkerBatch([oracle.flat_track()], [replace(STANDARD, torque=(0, 20.0, 160.0, 1.0))])
    batch.reset()
    before = batch._shaping[0]
    action = np.array([[1.0, -0.5, 0.25, 2.0]], np.float32)
    _, reward, _ = batch.step(action)
    cost = 0.00035 * 80 * (1.0 + 0.5 + 0.25 + 1.0)
    np.testing.assert_allclose(reward[0], batch._shaping[0] - before - cost, atol=1e-5)


def test_rows_with_bodies_equal_the_walkers_one_by_one() -> None:
    given, tracks = oracle.bodies(9), [oracle.obstacle_track(seed) for seed in range(9)]
    plan = np.random.default_rng(9).uniform(-1, 1, (40, 9, 4)).astype(np.float32)
    for threads in (1, 2):
        batch = WalkerBatch([*tracks, *tracks], [*given, *given], threads=threads)
        first = batch.reset()
        stepped = [batch.step(np.tile(action, (2, 1))) for action in plan]
        for row in range(9):
            alone = WalkerBatch([tracks[row]], [given[row]])
            np.testing.assert_array_equal(alone.reset()[0], first[row])
            for action, (observations, rewards, _) in zip(plan, stepped, strict=True):
                own, reward, _ = alone.step(action[row : row + 1])
                np.testing.assert_array_equal(own[0], observations[row])
                assert reward[0] == rewards[row] == rewards[row + 9]


def test_a_new_body_takes_effect_at_the_rows_reset_and_memory_is_reused() -> None:
    track, plan = oracle.obstacle_track(0), np.random.default_rng(0).uniform(-1, 1, (20, 2, 4))
    batch, stayed = WalkerBatch([track, track]), WalkerBatch([track, track])
    batch.reset(), stayed.reset()
    for seed in range(20):
        batch.place(1, track, oracle.drawn_body(seed))
        for a, b in zip(batch.step(plan[seed]), stayed.step(plan[seed]), strict=True):
            np.testing.assert_array_equal(a[0], b[0])
            assert seed or np.array_equal(a[1], b[1])  # the first keeps its body until the reset
        batch.reset(np.array([1]))
        batch.place(1, track)  # keeps the body
        fresh = WalkerBatch([track], [oracle.drawn_body(seed)])
        np.testing.assert_array_equal(batch.reset(np.array([1]))[1], fresh.reset()[0])
    assert len(batch._bodies.bodies) <= 4


def test_equal_bodies_share_a_place_and_survive_copies() -> None:
    track = oracle.flat_track()
    twins = [replace(STANDARD, gravity=5.0), Body(gravity=np.float32(5.0))] * 5
    batch = WalkerBatch([track] * 10, twins)
    assert len(batch._bodies.places) == 1
    batch.reset()
    action = np.ones((10, 4))
    for twin in (copy.deepcopy(batch), pickle.loads(pickle.dumps(batch))):
        for a, b in zip(twin.step(action), copy.deepcopy(batch).step(action), strict=True):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="one body per track, got 1 for 2 tracks"):
        WalkerBatch([track] * 2, [STANDARD])


def test_the_pose_shows_the_body_as_it_is() -> None:
    body, track = oracle.drawn_body(2), oracle.obstacle_track(2)
    batch, walker = WalkerBatch([track], [body]), Box2DWalker(track, body=body)
    batch.reset(), walker.reset()
    for ours, theirs in zip(batch.pose(0).bodies, walker.pose().bodies, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    legs = batch.pose(0).bodies[1:]
    sizes = [np.linalg.norm(leg[1] - leg[0]) for leg in legs]
    np.testing.assert_allclose(sizes, body.leg_width, rtol=1e-5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"torque": (1, 2)}, "torque must be 4 numbers (hip 0, knee 0, hip 1, knee 1), got (1, 2)"),
        ({"gravity": float("nan")}, "gravity must lie in [0, 100], got nan"),
        ({"density": (0, 1, 1, 1, 1)}, "density of hull must lie in [0.05, 100], got 0"),
        ({"direction": (1, 0, 1, 1)}, "direction of knee 0 must be 1 or -1, got 0"),
        ({"leg_length": (1, 9, 1, 1)}, "leg_length of lower leg 0 must lie in [0.1, 3], got 9"),
        ({"friction": "high"}, "friction must be a number, got 'high'"),
    ],
)
def test_an_impossible_body_is_an_error_of_one_line(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape('body: ' + message)}$"):
        Body(**given)


@pytest.mark.parametrize("end", [0, 1], ids=["least", "greatest"])
def test_bodies_at_the_bounds_stay_finite_and_equal_box2d(end: int) -> None:
    """All values at one end of their ranges, motors and gravity at their greatest."""
    extreme = {name: bounds[end] for name, bounds in BOUNDS.items()}
    extreme.update(torque=BOUNDS["torque"][1], speed=BOUNDS["speed"][1])
    values: dict[str, Any] = {
        name: (value,) * len(getattr(STANDARD, name))
        if isinstance(getattr(STANDARD, name), tuple)
        else value
        for name, value in extreme.items()
    }
    body, track = Body(**values), oracle.flat_track()
    batch = WalkerBatch([track], [body], threads=1)
    assert differing(batch, Box2DWalker(track, body=body), np.float32, 1) == 0
