from __future__ import annotations

import numpy as np
import pytest
import torch

from openpoet.envs.walker.family import Walker, WalkerSettings, WalkerTask
from openpoet.envs.walker.obstacles import Obstacles

TASKS = [WalkerTask(Obstacles(), 1), WalkerTask(Obstacles(2.0, (0.0, 1.2), (0.4, 0.8)), 2)]


def actions(steps: int, rows: int) -> list[torch.Tensor]:
    rng = np.random.default_rng(0)
    return [
        torch.from_numpy(rng.uniform(-1, 1, (rows, 4)).astype(np.float32)) for _ in range(steps)
    ]


def test_both_physics_engines_give_equal_observations() -> None:
    """On flat ground and before obstacles, bit for bit in every observation."""
    pair = [
        Walker(WalkerSettings(horizon=150, physics=physics)).simulator(TASKS, [0, 0], "cpu")
        for physics in ("numba", "box2d")
    ]
    assert torch.equal(pair[0].reset(), pair[1].reset())
    for action in actions(150, 2):
        for ours, theirs in zip(pair[0].step(action), pair[1].step(action), strict=True):
            assert torch.equal(ours, theirs)
    assert pair[0].steps == pair[1].steps > 0


def test_the_horizon_truncates_and_ended_rows_count_no_steps() -> None:
    simulator = Walker(WalkerSettings(horizon=3)).simulator(TASKS, [0, 0], "cpu")
    simulator.reset()
    for action in actions(3, 2):
        _, _, terminated, truncated = simulator.step(action)
    assert truncated.tolist() == [True, True]
    assert terminated.tolist() == [False, False]
    before = simulator.steps
    assert before == 6
    assert simulator.step(actions(1, 2)[0])[1].tolist() == [0.0, 0.0]
    assert simulator.steps == before


def test_a_redrawn_row_has_another_terrain_unless_its_task_has_a_seed() -> None:
    loose = WalkerTask(TASKS[1].genome, None)
    simulator = Walker(WalkerSettings(seeds="episode")).simulator(
        [loose, TASKS[1], loose], [4, 5, 6], "cpu"
    )
    simulator.reset()
    before = list(simulator.tracks)
    simulator.redraw(torch.tensor([True, True, False]), [7, 8])
    assert simulator.tracks[0] is not before[0]
    assert [simulator.tracks[i] is before[i] for i in (1, 2)] == [True, True]
    new = Walker(WalkerSettings(seeds="episode")).simulator([loose], [7], "cpu")
    assert simulator.tracks[0] is new.tracks[0]
    with pytest.raises(ValueError, match="a seed for each of 2 rows, got 1"):
        simulator.redraw(torch.tensor([True, True, False]), [7])


def test_equal_tasks_share_a_track() -> None:
    simulator = Walker().simulator(
        [TASKS[1], WalkerTask(TASKS[1].genome, 2), TASKS[0]], [4, 5, 6], "cpu"
    )
    tracks = simulator.walkers._tracks
    assert tracks[0] is tracks[1] is not tracks[2]


def test_reaching_the_end_of_the_track_is_a_success() -> None:
    """A walker pushed over a short track, which ends ten tiles before its last tile."""
    family = Walker(WalkerSettings(length=31))
    simulator = family.simulator([TASKS[0]], [0], "cpu")
    simulator.reset()
    assert simulator.walkers._terrains.ends[0] == (31 - 10) * 14 / 30
    assert simulator.success.tolist() == [False]
