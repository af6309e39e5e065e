"""A batch equals its rows one by one, independent of the other rows; errors have one line."""

from __future__ import annotations

import copy
import re
import time

import numpy as np
import pytest

from openpoet.envs.walker.batch import WalkerBatch
from openpoet.envs.walker.physics import state as at
from openpoet.envs.walker.pose import motion
from openpoet.envs.walker.single_step import SingleStep
from openpoet.envs.walker.threads import share_out
from openpoet.envs.walker.track import Track
from tests.envs import oracle

STEPS = 60


def actions(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1.2, 1.2, (STEPS, n, 4)).astype(np.float32)


def run(batch: WalkerBatch, plan: np.ndarray) -> list[np.ndarray]:
    """Observations, rewards and ends of every step, stacked over time."""
    results = [batch.step(a) for a in plan]
    return [np.stack(part) for part in zip(*results, strict=True)]


def assert_equal(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


def test_a_batch_equals_its_walkers_one_by_one() -> None:
    tracks, plan = [oracle.obstacle_track(seed) for seed in range(6)], actions(6)
    batch = WalkerBatch(tracks)
    first = batch.reset()
    together = run(batch, plan)
    for row, track in enumerate(tracks):
        alone = WalkerBatch([track])
        np.testing.assert_array_equal(alone.reset()[0], first[row])
        assert_equal(
            [part[:, 0] for part in run(alone, plan[:, row : row + 1])],
            [p[:, row] for p in together],
        )


def test_the_number_of_threads_changes_nothing() -> None:
    tracks, plan = [oracle.obstacle_track(seed) for seed in range(20)], actions(20)
    one, three = WalkerBatch(tracks, threads=1), WalkerBatch(tracks, threads=3)
    np.testing.assert_array_equal(one.reset(), three.reset())
    assert_equal(run(one, plan), run(three, plan))
    assert one.events == three.events


def test_a_reused_row_equals_a_new_environment() -> None:
    """Gymnasium's environment does not satisfy this: its broad phase keeps state of earlier
    episodes.
    """
    track, plan = oracle.obstacle_track(3), actions(1)
    batch = WalkerBatch([track])
    batch.reset()
    first = run(batch, plan)
    batch.reset()
    assert_equal(run(batch, plan), first)


def test_rows_that_are_not_live_are_unchanged() -> None:
    tracks, plan = [oracle.obstacle_track(seed) for seed in range(3)], actions(3)
    batch, other = WalkerBatch(tracks), WalkerBatch(tracks)
    before = batch.reset()
    other.reset()
    live = np.array([True, False, True])
    for a in plan:
        observation, reward, _ = batch.step(a, live)
        np.testing.assert_array_equal(observation[1], before[1])
        assert reward[1] == 0.0
    assert batch.steps == 2 * STEPS
    paused = run(batch, plan)
    fresh = run(other, plan)
    assert_equal([part[:, 1] for part in paused], [part[:, 1] for part in fresh])


def test_resetting_some_rows_does_not_change_the_others() -> None:
    tracks, plan = [oracle.obstacle_track(seed) for seed in range(3)], actions(3)
    batch, undisturbed = WalkerBatch(tracks), WalkerBatch(tracks)
    start = batch.reset()
    undisturbed.reset()
    run(batch, plan), run(undisturbed, plan)
    np.testing.assert_array_equal(batch.reset(np.array([1]))[1], start[1])
    again, onward = run(batch, plan), run(undisturbed, plan)
    assert_equal([p[:, [0, 2]] for p in again], [p[:, [0, 2]] for p in onward])


def test_a_new_track_takes_effect_at_the_rows_reset() -> None:
    old, new, plan = oracle.obstacle_track(0), oracle.obstacle_track(1), actions(2)
    batch, stayed = WalkerBatch([old, old]), WalkerBatch([old, old])
    batch.reset(), stayed.reset()
    batch.place(1, new)
    assert_equal(run(batch, plan), run(stayed, plan))
    batch.reset(np.array([False, True]))
    fresh = WalkerBatch([new])
    fresh.reset()
    assert_equal([p[:, 1:] for p in run(batch, plan)], run(fresh, plan[:, 1:]))


def test_memory_is_reused_over_many_changes_of_track() -> None:
    batch = WalkerBatch([oracle.flat_track(), oracle.flat_track()])
    for seed in range(6):
        batch.place(seed % 2, oracle.obstacle_track(seed))
        batch.reset()
    assert len(batch._terrains.tracks) <= 4


def test_walkers_on_the_same_track_object_share_its_shapes() -> None:
    track = oracle.flat_track()
    assert len(WalkerBatch([track] * 50)._terrains.tracks) == 1


def test_actions_are_clipped_where_gymnasium_clips_them() -> None:
    track = oracle.flat_track()
    inside, beyond = WalkerBatch([track]), WalkerBatch([track])
    inside.reset(), beyond.reset()
    signs = np.sign(actions(1))
    assert_equal(run(beyond, 7 * signs), run(inside, signs))


def test_a_walker_past_the_end_of_the_track_has_finished() -> None:
    batch = WalkerBatch([oracle.flat_track()] * 2)
    batch.reset()
    block = batch.floats.reshape(2, -1)[1]
    for body in range(5):
        start = int(body * at.BODY_SIZE)
        boxes = [box + side for box in (at.FAT, at.TIGHT, at.SWEPT) for side in (0, 2)]
        corners = range(int(at.CORNER), int(at.WORLD_NORMAL), 2)
        for field in [at.CX, at.PX, at.C0X, at.STARTX, *boxes, *corners]:
            block[start + field] += 85.0
    _, _, terminated = batch.step(np.zeros((2, 4), np.float32))
    assert batch.finished.tolist() == [False, True]
    assert terminated.tolist() == [False, True]


def test_the_pose_equals_that_of_box2d() -> None:
    from openpoet.envs.walker.box2d import Box2DWalker

    track, plan = oracle.obstacle_track(2), actions(1)
    batch, walker = WalkerBatch([track]), Box2DWalker(track)
    batch.reset(), walker.reset()
    for a in plan[:30]:
        batch.step(a), walker.step(a[0])
    ours, theirs = batch.pose(0), walker.pose()
    for a, b in zip(ours.bodies, theirs.bodies, strict=True):
        np.testing.assert_array_equal(a, b)
    assert ours.hull == tuple(theirs.hull)
    np.testing.assert_allclose(ours.rays, theirs.rays, atol=1e-5)


def test_nan_in_a_walkers_state_is_an_error_that_names_the_walker() -> None:
    batch = WalkerBatch([oracle.flat_track()] * 20)
    batch.reset()
    batch.step(np.zeros((20, 4), np.float32))
    batch.floats.reshape(20, -1)[17, at.VX] = np.nan
    with pytest.raises(
        FloatingPointError,
        match=r"^walker 17 went NaN at step 2 "
        r"\(.*(pose|velocity)\); .*$",
    ):
        batch.step(np.zeros((20, 4), np.float32))


def test_too_many_shapes_at_once_are_an_error_that_names_the_walker() -> None:
    x = np.concatenate([np.arange(0, 3, 0.5), np.arange(3, 7, 0.01), np.arange(7, 95, 0.5)])
    fine = Track(
        np.stack([x, np.full(len(x), oracle.GROUND_HEIGHT)], axis=1).astype(np.float32),
        np.zeros((0, 4, 2), np.float32),
        0.0,
    )
    batch = WalkerBatch([oracle.flat_track(), fine])
    with pytest.raises(RuntimeError, match=r"^walker 1 .* slot overflow; "):
        batch.reset()
    assert batch.events["slot_overflow"] == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((1, 4)), "actions must have shape [2, 4], got [1, 4]"),
        (np.full((2, 4), np.nan), "actions must be finite, got [nan, nan, nan, nan] for walker 0"),
    ],
)
def test_invalid_actions_are_an_error_of_one_line(given: np.ndarray, message: str) -> None:
    batch = WalkerBatch([oracle.flat_track()] * 2)
    batch.reset()
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        batch.step(given)


def test_a_step_before_the_reset_and_an_empty_batch_are_errors() -> None:
    with pytest.raises(ValueError, match="walker 0 was never reset"):
        WalkerBatch([oracle.flat_track()]).step(np.zeros((1, 4)))
    with pytest.raises(ValueError, match="at least one track"):
        WalkerBatch([])


def test_row_indices_outside_the_batch_are_an_error() -> None:
    batch = WalkerBatch([oracle.obstacle_track(0)] * 2)
    live, returns = np.ones(2, bool), np.zeros(2)
    arrays = (
        np.zeros((1, 1), np.float32),
        np.zeros(2, np.int64),
        np.zeros(4, np.int64),
        np.zeros((2, 0), np.float32),
    )
    with pytest.raises(ValueError, match="walker 0 was never reset"):
        batch.play(None, arrays, live, 1, returns)
    before = batch.reset()
    for rows in ([2], [-1], [0, 10**6], [[0]], [0.5], ["0"]):
        with pytest.raises(ValueError, match="rows must"):
            batch.reset(np.array(rows))
    for mask in (np.ones(1, bool), np.ones(3, bool), np.ones((2, 1), bool)):
        with pytest.raises(ValueError, match=r"rows must be bool of shape \[2\]"):
            batch.reset(mask)
    with pytest.raises(ValueError, match="returns must be contiguous float64"):
        batch.play(None, arrays, live, 1, returns[:1])
    np.testing.assert_array_equal(batch.reset(np.array([], np.int64)), before)
    np.testing.assert_array_equal(batch.reset(np.array([1, 1])), before)


@pytest.mark.parametrize("n", [1, 2, 3, 20, 40])
def test_a_step_equals_its_phases_called_one_by_one(n: int) -> None:
    tracks, plan = [oracle.obstacle_track(seed) for seed in range(n)], actions(n)
    batch, phased = WalkerBatch(tracks, threads=1), WalkerBatch(tracks, threads=1)
    phased._step_rows = None
    np.testing.assert_array_equal(batch.reset(), phased.reset())
    assert_equal(run(batch, plan), run(phased, plan))
    np.testing.assert_array_equal(batch._age, phased._age)
    np.testing.assert_array_equal(batch.integers, phased.integers)
    assert batch.events == phased.events


def test_copies_and_batches_with_larger_terrains_step_their_own_state() -> None:
    """Arguments of kernels are cached between steps; they must be the arrays in use now."""
    batch, plan = WalkerBatch([oracle.flat_track()] * 3), actions(3)
    batch.reset()
    batch.step(plan[0])
    for row in range(3):
        batch.place(row, oracle.obstacle_track(row))
    fresh = WalkerBatch([oracle.obstacle_track(row) for row in range(3)])
    np.testing.assert_array_equal(batch.reset(), fresh.reset())
    twin = copy.deepcopy(batch)
    before = batch._obs.copy()
    expected = run(fresh, plan)
    assert_equal(run(twin, plan), expected)
    np.testing.assert_array_equal(batch._obs, before)
    assert_equal(run(batch, plan), expected)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_that_raises_changes_no_state(threads: int, dtype: type) -> None:
    batch = WalkerBatch([oracle.flat_track()] * 20, threads=threads)
    wrong = actions(20)[0].astype(dtype)
    with pytest.raises(ValueError, match="walker 0 was never reset"):
        batch.step(wrong)
    batch.reset()
    state, age = batch.floats.copy(), batch._age.copy()
    wrong[19, 3] = np.nan
    with pytest.raises(ValueError, match=r"for walker 19$"):
        batch.step(wrong)
    np.testing.assert_array_equal(batch.floats, state)
    np.testing.assert_array_equal(batch._age, age)
    assert batch.steps == 0


def test_a_single_step_equals_a_step_of_a_batch() -> None:
    """For actions of every dtype and form, faults included; a copy continues by itself."""
    rng = np.random.default_rng(0)
    batch, single = (
        WalkerBatch([oracle.obstacle_track(1)], threads=1),
        SingleStep(WalkerBatch([oracle.obstacle_track(1)], threads=1)),
    )
    forms = (np.float32, np.float64, np.int64, "list", "strided")
    np.testing.assert_array_equal(batch.reset(), single.batch.reset())
    for step in range(120):
        action = rng.uniform(-1, 1, (1, 4)).astype(np.float32)
        match forms[step % 5]:
            case "list":
                taken, given = action.astype(np.float64), action[0].tolist()
            case "strided":
                taken, given = action, np.repeat(action[0], 2)[::2]
            case dtype:
                taken = action.astype(dtype)
                given = taken[0]
        observations, rewards, terminated = batch.step(taken)
        observation, reward, ended = single(given)
        np.testing.assert_array_equal(observation, observations[0])
        assert (reward, ended) == (rewards[0], terminated[0])
        assert single.motion() == tuple(each.item() for each in motion(batch))
        if step == 60:
            single = copy.deepcopy(single)
    assert single.batch.steps == batch.steps == 120
    with pytest.raises(ValueError, match="actions must be finite"):
        single(np.full(4, np.nan, np.float32))
    with pytest.raises(ValueError, match="never reset"):
        SingleStep(WalkerBatch([oracle.flat_track()], threads=1))(np.zeros(4, np.float32))
    np.testing.assert_array_equal(single(given)[0], batch.step(taken)[0][0])


def test_share_out_waits_for_all_threads_and_raises_their_errors() -> None:
    done = []

    def advance(rows: np.ndarray, part: int) -> None:
        if part == failing:
            raise ValueError(f"part {part}")
        time.sleep(0.02)
        done.append(rows.tolist())

    for failing in (0, 1, 2):
        done.clear()
        with pytest.raises(ValueError, match=f"part {failing}"):
            share_out(np.arange(24), 3, advance)
        assert sorted(row for rows in done for row in rows) == [
            row for row in range(24) if row // 8 != failing
        ]
