"""Episodes under random actions, with checks after every step."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from openpoet.poet.interfaces import Simulator, Task, TaskFamily

from .interface import KEY, check_part, check_simulator_interface


class Course:
    """A running batch of episodes; every step is checked."""

    def __init__(self, simulator: Simulator, spec: Any, n: int) -> None:
        self.simulator, self.spec, self.n = simulator, spec, n
        self.observation = simulator.reset()
        check_simulator_interface(simulator, n)
        self._check_observation("reset")
        assert simulator.steps == 0, f"reset must count no steps, got {simulator.steps}"
        self.ended = torch.zeros(n, dtype=torch.bool)
        self.flags = (self.ended, self.ended)
        self.returns, self.lengths = (
            torch.zeros(n, dtype=torch.float64),
            torch.zeros(n, dtype=torch.int64),
        )

    def step(self, actions: torch.Tensor) -> None:
        """actions: [n, a] float32. Rows that have ended must not change."""
        ended, before = self.ended, self.observation.clone()
        self.observation, rewards, *flags = self.simulator.step(actions)
        self._check_observation("step")
        check_part(rewards, self.n, torch.float64, "rewards")
        for name, flag in zip(("terminated", "truncated"), flags, strict=True):
            check_part(flag, self.n, torch.bool, name)
        assert torch.isfinite(rewards).all(), "rewards must be finite, got NaN or infinity"
        assert (rewards.cpu()[ended] == 0).all(), "a row that has ended must have reward 0"
        kept = torch.equal(self.observation.cpu()[ended], before.cpu()[ended])
        assert kept, "a row that has ended must keep its observation"
        for old, new in zip(self.flags, flags, strict=True):
            assert torch.equal(old[ended], new.cpu()[ended]), (
                "a row that has ended must keep its flags"
            )
        self.lengths += ~ended
        steps, expected = self.simulator.steps, int(self.lengths.sum())
        assert steps == expected, (
            f"steps must count rows that run, expected {expected}, got {steps}"
        )
        self.returns += rewards.cpu()
        self.flags = tuple(flag.cpu().clone() for flag in flags)  # type: ignore[assignment]  # two
        self.ended = self.flags[0] | self.flags[1]

    def _check_observation(self, method: str) -> None:
        observations, size = self.observation, self.spec.observation_size
        shaped = tuple(observations.shape) == (self.n, size) and observations.dtype == torch.float32
        assert shaped, (
            f"{method} must return observations [n, o] of float32, here {[self.n, size]}, "
            f"got {list(observations.shape)} of {observations.dtype}"
        )
        assert torch.isfinite(observations).all(), (
            f"observations must be finite, got NaN or infinity from {method}"
        )


def episodes(
    family: TaskFamily,
    tasks: Sequence[Task],
    seeds: Sequence[int],
    device: str,
    *,
    first: int = 0,
    discrete: bool = False,
) -> list[torch.Tensor]:
    """Run one episode per row under random actions, and one step after its end.

    Returns the first and the last observations [n, o], returns [n], steps [n] and success [n].
    first: the number of row 0 if the batch is part of another, since actions depend on the row.
    discrete: actions are one-hot.
    """
    simulator, spec, n = family.simulator(tasks, seeds, device), family.spec, len(tasks)
    course = Course(simulator, spec, n)
    start, initial = course.observation.cpu().clone(), simulator.state(0)
    shown = copy.deepcopy(dict(family.outline(tasks[0], initial)))
    draws = [KEY.child("actions", first + row).generator() for row in range(n)]
    for time in range(spec.horizon + 1):
        over = bool(course.ended.all())
        assert over or time < spec.horizon, (
            f"every row must have ended after {spec.horizon} steps, some have not"
        )
        actions = np.stack([draw.uniform(-1, 1, spec.action_size) for draw in draws]).astype(
            np.float32
        )
        if discrete:
            actions = np.eye(spec.action_size, dtype=np.float32)[actions.argmax(1)]
        course.step(torch.as_tensor(actions).to(device))
        if over:
            break
    for row in range(n):
        assert family.outline(tasks[row], simulator.state(row)).get("body"), (
            "outline with a state must have a 'body'"
        )
    own = _same_drawing(shown, family.outline(tasks[0], initial))
    assert own, "a state must be a copy, this one changes with the simulator"
    last, success = course.observation.cpu().clone(), simulator.success.cpu().clone()
    assert torch.equal(simulator.reset().cpu(), start), "reset must start the same episodes again"
    return [start, last, course.returns, course.lengths, success]


def same(one: Sequence[torch.Tensor], other: Sequence[torch.Tensor], law: str) -> None:
    for part, twin in zip(one, other, strict=True):
        assert torch.equal(part, twin), f"{law}: got {part} and {twin}"


def _same_drawing(
    one: Mapping[str, list[np.ndarray]], other: Mapping[str, list[np.ndarray]]
) -> bool:
    return one.keys() == other.keys() and all(
        len(one[layer]) == len(other[layer]) and all(map(np.array_equal, one[layer], other[layer]))
        for layer in one
    )
