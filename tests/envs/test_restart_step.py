"""A step in which rows begin an episode equals a step of the others and then a reset."""

from __future__ import annotations

import numpy as np
import pytest

from openpoet.envs.walker.batch import WalkerBatch
from openpoet.envs.walker.restart_step import restart_step
from openpoet.envs.walker.step_call import ANY_RESET, EACH_RESET
from openpoet.envs.walker.threads import share_out
from tests.envs import oracle

ROWS = 72
FEW, MANY = (3, 50), tuple(range(0, ROWS, 3))  # on one thread while others step; before the step


def batches(threads: int) -> tuple[WalkerBatch, WalkerBatch]:
    """Two equal batches on flat ground, smaller than the tracks placed later."""
    track = oracle.flat_track()
    made = WalkerBatch([track] * ROWS, threads=threads), WalkerBatch([track] * ROWS, threads=1)
    for batch in made:
        batch.reset()
    return made


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_and_state_equal_those_of_a_step_and_a_reset(threads: int, dtype: type) -> None:
    """For few rows and many, with tracks and bodies for which the tables grow."""
    batch, plain = batches(threads)
    rng, pool = np.random.default_rng(0), oracle.bodies(4)
    assert (ANY_RESET + (EACH_RESET + 1) * len(FEW)) * 2 <= ROWS  # as in StepCall.restarting
    for number, rows in enumerate((FEW, (), MANY, FEW, ())):
        begin = np.isin(np.arange(ROWS), rows)
        tracks = {row: oracle.obstacle_track(row + number) for row in rows}

        def place(target: WalkerBatch, tracks: dict = tracks, number: int = number) -> None:
            for row, track in tracks.items():
                target.place(row, track, pool[(row + number) % 4])

        for _ in range(6):
            actions = rng.uniform(-1.2, 1.2, (ROWS, 4)).astype(dtype)
            found = restart_step(batch, actions, begin, lambda place=place: place(batch))
            _, rewards, terminated = plain.step(actions, ~begin)
            place(plain)
            expected = plain.reset(begin), rewards, terminated & ~begin
            for ours, theirs in zip(found, expected, strict=True):
                np.testing.assert_array_equal(ours, theirs)
            np.testing.assert_array_equal(batch.floats, plain.floats)
            np.testing.assert_array_equal(batch.integers, plain.integers)
            np.testing.assert_array_equal(batch._age, plain._age)
            assert (batch.steps, batch.events) == (plain.steps, plain.events)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_invalid_action_changes_no_state_and_draws_nothing(threads: int) -> None:
    batch, _ = batches(threads)
    begin, state = np.isin(np.arange(ROWS), FEW), batch.floats.copy()
    actions = np.zeros((ROWS, 4), np.float32)
    actions[60, 1] = np.nan

    def place() -> None:
        raise AssertionError("called for a step that is not made")

    with pytest.raises(ValueError, match=r"for walker 60$"):
        restart_step(batch, actions, begin, place)
    np.testing.assert_array_equal(batch.floats, state)
    assert batch.steps == 0
    assert not batch._age.any()
    actions[60], actions[list(FEW)] = 0.0, np.nan  # without effect in rows that begin
    observations = restart_step(batch, actions, begin, lambda: None)[0]
    assert np.isfinite(observations).all()
    assert batch.steps == ROWS - len(FEW)


def test_an_error_of_place_is_raised_and_the_next_step_works() -> None:
    batch, _ = batches(2)
    begin = np.isin(np.arange(ROWS), FEW)

    def place() -> None:
        raise ValueError("no track")

    with pytest.raises(ValueError, match="no track"):
        restart_step(batch, np.zeros((ROWS, 4), np.float32), begin, place)
    assert np.isfinite(restart_step(batch, np.zeros((ROWS, 4)), begin, lambda: None)[0]).all()


@pytest.mark.parametrize(("ahead", "sizes"), [(0, [30, 30, 30]), (15, [20, 35, 35])])
def test_the_first_part_is_smaller_by_its_other_work(ahead: int, sizes: list[int]) -> None:
    parts: dict[int, list[int]] = {}

    def advance(rows: np.ndarray, part: int) -> None:
        parts[part] = rows.tolist()

    share_out(np.arange(90), 3, advance, ahead)
    assert [len(parts[part]) for part in range(3)] == sizes
    assert parts[0] + parts[1] + parts[2] == list(range(90))
