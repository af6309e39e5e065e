"""Episodes run inside the walker's compiled simulator equal those of reset and step, and are
counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.agents.rollouts.networks import Policy
from openpoet.agents.rollouts.rollout import Episodes, Machine, rollout
from openpoet.cli.meter import Meter
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.envs.walker.simulator import WalkerSimulator
from openpoet.poet.streams import Key

POLICY, REMEMBERS = Policy((24, 8, 4)), Policy((24, 8, 4), memory=6)


class StepByStep:
    """The family without its compiled `play`."""

    def __init__(self, family: Walker) -> None:
        self.family = family

    def __getattr__(self, name: str) -> Any:
        return getattr(self.family, name)

    def simulator(self, tasks: Sequence[Any], seeds: Sequence[int], device: str) -> Any:
        compiled = self.family.simulator(tasks, seeds, device)
        return WalkerSimulator(compiled.walkers, compiled.tracks, self.family.spec.horizon, device)


def episodes(family: Any, rows: int = 37, threads: int = 1, policy: Policy = POLICY) -> Episodes:
    rng = np.random.default_rng(0)
    weights = torch.from_numpy(rng.normal(0, 0.5, (5, policy.parameters)).astype(np.float32))
    tasks, task = [], family.origin()
    for row in range(rows):
        tasks.append(task)
        task = family.mutate(task, Key(0, ("task", row)).generator())
    member = np.arange(rows) % 5
    return rollout(
        policy, family, weights, member, tasks, list(range(rows)), machine=Machine(threads=threads)
    )


@pytest.mark.parametrize("policy", [POLICY, REMEMBERS], ids=["feed-forward", "with memory"])
@pytest.mark.parametrize("horizon", [90, 230])
def test_play_equals_reset_and_step(horizon: int, policy: Policy) -> None:
    family = Walker(WalkerSettings(horizon=horizon, length=31, threads=1))
    ours, theirs = (
        episodes(Meter(family), policy=policy),
        episodes(StepByStep(family), policy=policy),
    )
    np.testing.assert_array_equal(ours.returns, theirs.returns)
    np.testing.assert_array_equal(ours.steps, theirs.steps)
    np.testing.assert_array_equal(ours.success, theirs.success)
    assert len(set(ours.steps)) > 2  # some fell early, some did not


def test_results_do_not_depend_on_threads_and_every_step_is_counted() -> None:
    one = episodes(Walker(WalkerSettings(horizon=150, threads=1)), policy=REMEMBERS)
    meter = Meter(Walker(WalkerSettings(horizon=150, threads=3)))
    three = episodes(meter, policy=REMEMBERS)
    np.testing.assert_array_equal(one.returns, three.returns)
    assert meter.steps == one.steps.sum()


def test_an_error_names_the_walker_that_goes_nan() -> None:
    family = Walker(WalkerSettings(horizon=50, threads=1))
    simulator = family.simulator([family.origin()] * 3, [0, 1, 2], "cpu")
    reset = simulator.walkers.reset

    def broken(rows: Any = None) -> np.ndarray:
        observations = reset(rows)
        simulator.walkers.floats.reshape(3, -1)[1, 3] = np.nan
        return observations

    simulator.walkers.reset = broken
    weights = np.zeros((1, POLICY.parameters), np.float32)
    with pytest.raises(FloatingPointError, match="walker 1 went NaN at step 1"):
        simulator.play(
            POLICY.compiled(),
            weights,
            np.zeros(3, np.int64),
            POLICY.layout,
            np.zeros((3, 0), np.float32),
        )


def test_play_with_wrong_sizes_is_an_error() -> None:
    """Each of these accessed memory outside its array before sizes were checked."""
    family = Walker(WalkerSettings(horizon=20, length=31, threads=1))
    weights = np.zeros((2, REMEMBERS.parameters), np.float32)
    member, layout, memory = np.array([0, 1, 1]), REMEMBERS.layout, REMEMBERS.start(3)
    simulator = family.simulator([family.origin()] * 3, [0, 1, 2], "cpu")
    simulator.play(REMEMBERS.compiled(), weights, member, layout, memory)
    wrong: list[tuple[str, Any]] = [
        ("member must lie in", (weights, member + 1, layout, memory)),
        ("member must lie in", (weights, member - 1, layout, memory)),
        ("member must be contiguous int64", (weights, member[:2], layout, memory)),
        ("memory must be contiguous float32", (weights, member, layout, memory[:2])),
        ("weights must be contiguous float32", (weights[:, ::2], member, layout, memory)),
        ("play needs weights, member", (weights, member, layout)),
    ]
    for line, arrays in wrong:
        with pytest.raises(ValueError, match=line):
            simulator.play(REMEMBERS.compiled(), *arrays)
    for arrays in [
        (weights[:, 1:].copy(), member, layout, memory),
        (weights, member, layout, np.zeros((3, 0), np.float32)),
        (weights, member, POLICY.layout, memory),
        (weights, member, layout[:2], memory),
    ]:
        with pytest.raises(ValueError, match=r"actions must be finite, got \[nan, nan"):
            simulator.play(REMEMBERS.compiled(), *arrays)
