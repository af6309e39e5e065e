"""The physics equals Box2D bit for bit, in new Gymnasium environments and on obstacles."""

from __future__ import annotations

from pathlib import Path

import Box2D
import numpy as np
import pytest

from openpoet.envs.walker.batch import WalkerBatch
from openpoet.envs.walker.body import STANDARD
from openpoet.envs.walker.box2d import Box2DWalker
from openpoet.envs.walker.physics import bodies, body, jit, joints, lanes, solver, world
from openpoet.envs.walker.physics import state as at
from openpoet.envs.walker.track import Track
from tests.envs import oracle

ROOT = Path(__file__).resolve().parents[2]
POLICIES = {
    "random": oracle.random_policy,
    "jerky": oracle.jerky_policy,
    "heuristic": oracle.heuristic_policy,
    "noisy": lambda seed: oracle.heuristic_policy(seed, noise=0.3),
    "idle": oracle.idle_policy,
}


def test_masses_and_shapes_equal_those_of_gymnasium() -> None:
    env, _, _ = oracle.fresh_env(0, hardcore=False)
    row = bodies.traits(STANDARD)
    for i, part in enumerate([env.hull, *env.legs]):
        shape, k = part.fixtures[0].shape, body.COUNT[i]
        corners = row[at.VERTEX + 10 * i :][: 2 * k].reshape(k, 2)
        np.testing.assert_array_equal(np.array(shape.vertices, np.float32), corners)
        np.testing.assert_array_equal(np.array(shape.normals, np.float32), body.NORMAL[i, :k])
        center = row[at.CENTER + 2 * i :][:2]
        np.testing.assert_array_equal(np.array(part.localCenter, np.float32), center)
        assert np.float32(1) / np.float32(part.mass) == row[at.INVERSE_MASS + i]


@pytest.mark.parametrize("seed", range(5))
def test_polygon_corners_are_ordered_as_in_box2d(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = (rng.normal(size=(4, 2)) + rng.uniform(0, 80, 2)).astype(np.float32)
    box2d = Box2D.b2World()
    fixture = Box2D.b2PolygonShape(vertices=[tuple(map(float, point)) for point in points])
    theirs = box2d.CreateStaticBody(shapes=fixture).fixtures[0].shape
    ours = body.polygon(points)
    np.testing.assert_array_equal(ours.corners, np.array(theirs.vertices, np.float32))
    np.testing.assert_array_equal(ours.normals, np.array(theirs.normals, np.float32))
    np.testing.assert_array_equal(ours.centroid, np.array(theirs.centroid, np.float32))


@pytest.mark.parametrize("policy", ["random", "heuristic", "noisy"])
@pytest.mark.parametrize("hardcore", [False, True], ids=["easy", "hardcore"])
def test_episodes_equal_those_of_a_new_gymnasium_environment(hardcore: bool, policy: str) -> None:
    for seed in range(3):
        result, _ = oracle.compare_with_gymnasium(seed, hardcore, POLICIES[policy](seed), limit=400)
        assert result.steps > 20
        assert result.differing == 0


def test_obstacles_falls_and_sleep_equal_box2d() -> None:
    """Also after the end of an episode, so that fallen walkers lie, slide and sleep on every kind
    of shape.
    """
    counts = dict.fromkeys(("toi", "polygon", "two_point", "sleeping"), 0)
    for seed in range(15):
        track = oracle.obstacle_track(seed)
        policy = list(POLICIES.values())[seed % len(POLICIES)](seed)
        batch, walker = WalkerBatch([track], threads=1), Box2DWalker(track)
        observation = walker.reset()
        np.testing.assert_array_equal(batch.reset()[0], observation)
        for _ in range(250):
            action = policy(observation)
            observation, reward, terminated = walker.step(action)
            ours, rewards, ends = batch.step(action[None])
            np.testing.assert_array_equal(ours[0], observation)
            assert (rewards[0], ends[0], batch.finished[0]) == (reward, terminated, walker.finished)
        for name in counts:
            counts[name] += batch.events[name]
    assert all(counts.values()), f"an event was never exercised: {counts}"


def test_the_box2d_walker_equals_that_of_gymnasium() -> None:
    env, observation, track = oracle.fresh_env(5, hardcore=True)
    walker, policy = Box2DWalker(track), oracle.random_policy(5)
    np.testing.assert_array_equal(walker.reset(), observation)
    for _ in range(100):
        action = policy(observation)
        observation, reward, terminated, _, _ = env.step(action)
        ours = walker.step(action)
        np.testing.assert_array_equal(ours[0], observation)
        assert ours[1:] == (reward, terminated)


def test_another_order_of_joints_gives_different_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: the comparisons above fail with the order of creation instead of the island's."""
    _, velocities, positions = joints.passes((0, 1, 2, 3))
    begin_row, keep_row, end_row = solver.begin_row, solver.keep_row, solver.end_row

    def wrong_rows(
        rows, f, k, bodies, events, s, i, x, c, y, velocity_iterations, position_iterations, width
    ):
        for row in rows:
            fo, ko = row * at.FLOATS, row * at.INTEGERS
            traits = bodies[k[ko + at.TRAITS]]
            contacts = begin_row(traits, f, k, fo, ko, s[0], i[0])
            velocities(traits, s[0], i[0], contacts, velocity_iterations)
            keep_row(f, fo, s[0], i[0], contacts)
            positions(traits, s[0], i[0])
            end_row(traits, f, k, fo, ko, True, events, row * at.EVENT_COUNT)

    wrong = jit.Kernel("solve", world.SOLVE.signature, wrong_rows, 8)
    wrong.compile()
    monkeypatch.setattr(world, "SOLVE", wrong)
    result, _ = oracle.compare_with_gymnasium(0, False, oracle.random_policy(0), limit=1)
    assert result.differing == 1


@pytest.mark.parametrize("width", [2, 5, 8, 16])
def test_vectorised_walkers_equal_walkers_one_by_one(width: int) -> None:
    """All bits of all state, also of fallen walkers, incomplete blocks, after a reset, and with
    standard and drawn bodies in one block.
    """
    tracks, given = [oracle.obstacle_track(seed % 12) for seed in range(43)], oracle.bodies(43)
    wide, alone = (WalkerBatch(tracks, given, threads=1) for _ in range(2))
    wide._width, alone._width = width, 1
    np.testing.assert_array_equal(wide.reset(), alone.reset())
    rng = np.random.default_rng(width)
    live = np.ones(43, bool)
    for step in range(240):
        actions = rng.uniform(-1, 1, (43, 4)).astype(np.float32)
        actions[::5] = 0  # these fall and sleep
        for a, b in zip(wide.step(actions, live), alone.step(actions, live), strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(wide.floats.view(np.int32), alone.floats.view(np.int32))
        np.testing.assert_array_equal(wide.integers, alone.integers)
        live = rng.random(43) < 0.9
        if step == 30:
            np.testing.assert_array_equal(wide.reset(live), alone.reset(live))
    assert wide.events == alone.events
    assert all(wide.events[name] for name in ("toi", "polygon", "two_point", "sleeping"))


def test_every_vector_width_gives_the_same_bits() -> None:
    tracks, rng = [oracle.obstacle_track(seed % 12) for seed in range(35)], np.random.default_rng(0)
    batch = WalkerBatch(tracks, threads=1)
    batch.reset()
    for _ in range(60):
        batch.step(rng.uniform(-1, 1, (35, 4)))
    f, k, actions = batch.floats.copy(), batch.integers.copy(), rng.uniform(-1, 1, (4, 35, 4))
    found = []
    for width in range(1, int(lanes.LANES) + 1):
        batch._width, batch.floats[:], batch.integers[:] = width, f, k
        for action in actions:
            batch.step(action)
        found.append((batch.floats.view(np.int32).copy(), batch.integers.copy()))
    for floats, integers in found[1:]:
        np.testing.assert_array_equal(floats, found[0][0])
        np.testing.assert_array_equal(integers, found[0][1])


def test_a_walker_beyond_the_range_of_the_fast_sine_uses_the_scalar_solver() -> None:
    """The vectorised sine is for angles below 120 rad; from 100 rad on the scalar solver is used,
    with equal results.
    """
    tracks = [oracle.obstacle_track(seed) for seed in range(4)]
    wide, alone = WalkerBatch(tracks, threads=1), WalkerBatch(tracks, threads=1)
    alone._width = 1
    for batch in (wide, alone):
        batch.reset()
        batch.floats.reshape(4, -1)[1, [at.A + body * at.BODY_SIZE for body in range(5)]] += (
            np.float32(60 * np.pi)
        )
    for _ in range(30):
        for a, b in zip(wide.step(np.ones((4, 4))), alone.step(np.ones((4, 4))), strict=True):
            np.testing.assert_array_equal(a, b)
    assert abs(wide.floats.reshape(4, -1)[1, at.A]) > 120


def test_skipping_impossible_times_of_impact_does_not_change_results() -> None:
    tracks = [oracle.obstacle_track(seed) for seed in range(16)]
    culled, full = WalkerBatch(tracks), WalkerBatch(tracks)
    full._cull = 0
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(culled.reset(), full.reset())
    for _ in range(150):
        actions = rng.uniform(-1, 1, (16, 4)).astype(np.float32)
        for a, b in zip(culled.step(actions), full.step(actions), strict=True):
            np.testing.assert_array_equal(a, b)
    assert culled.events == full.events
    assert culled.events["toi"] > 0


def test_the_first_hit_lidar_is_never_shorter_than_the_nearest_hit() -> None:
    """The rays of the original POET stop at the first shape that Box2D reports, which can be
    farther than the nearest one.
    """
    farther = 0
    for seed in range(6):
        track = oracle.obstacle_track(seed)
        nearest, first = (
            Box2DWalker(track).reset()[14:],
            Box2DWalker(track, lidar="first").reset()[14:],
        )
        assert (first >= nearest).all()
        farther += int((first > nearest).sum())
    assert farther > 0


def test_a_track_that_box2d_rejects_is_an_error() -> None:
    ground = oracle.flat_track().ground
    line = np.array([[(5, 4), (6, 4), (6, 4), (5, 4)]], np.float32)
    with pytest.raises(ValueError, match=r"polygon 0 of the track: .* enclose an area"):
        WalkerBatch([Track(ground, line, 0.0)])
    with pytest.raises(ValueError, match="points 0 and on"):
        WalkerBatch([Track(np.ones((3, 2), np.float32), line[:0], 0.0)])
