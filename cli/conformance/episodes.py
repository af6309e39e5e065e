"""Episodes under random actions, each step of which is checked."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from openpoet.poet.interfaces import Simulator, Task, TaskFamily

from .interface import KEY, check_part, check_simulator_interface


class Course:
    """A batch of running episodes; every step is checked."""

    def __init__(self, simulator: Simulator, spec: Any, n: int) -> None:
        self.simulator, self.spec, self.n = simulator, spec, n
        self.observation = simulator.reset()
        check_simulator_interface(simulator, n)
        self._check_observation("reset")
        assert simulator.steps == 0, f"reset must count no steps, got {simulator.steps}"
        self.ended = torch.zeros(n, dtype=torch.bool)
        self.flags = (self.ended, self.ended)
        self.returns, self.lived = (
            torch.zeros(n, dtype=torch.float64),
            torch.zeros(n, dtype=torch.int64),
        )

    def step(self, actions: torch.Tensor) -> None:
        """actions: [n, a] float32. Ended rows must not change."""
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
        self.lived += ~ended
        steps, expected = self.simulator.steps, int(self.lived.sum())
        assert steps == expected, (
            f"steps must count rows that run, expected {expected}, got {steps}"
        )
        self.returns += rewards.cpu()
        self.flags = tuple(flag.cpu().clone() for flag in flags)  # type: ignore[assignment]  # two
        self.ended = self.flags[0] | self.flags[1]

    def _check_observation(self, method: str) -> None:
        seen, size = self.observation, self.spec.observation_size
        shaped = tuple(seen.shape) == (self.n, size) and seen.dtype == torch.float32
        assert shaped, (
            f"{method} must give observations [n, o] of float32, here {[self.n, size]}, "
            f"got {list(seen.shape)} of {seen.dtype}"
        )
        assert torch.isfinite(seen).all(), (
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
    """One episode a row under random actions, and a step more.

    What a row went through: [n, o] first and last observations, [n] returns, [n] steps, [n]
    success.
    first: the number of row 0 where the batch is part of another, since actions belong to rows.
    discrete: of each action only the place of its largest number is kept.
    """
    simulator, spec, n = family.simulator(tasks, seeds, device), family.spec, len(tasks)
    course = Course(simulator, spec, n)
    start, newborn = course.observation.cpu().clone(), simulator.state(0)
    shown = copy.deepcopy(dict(family.outline(tasks[0], newborn)))
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
    own = _same_drawing(shown, family.outline(tasks[0], newborn))
    assert own, "a state must be a value of its own, this one changes with the simulator"
    last, success = course.observation.cpu().clone(), simulator.success.cpu().clone()
    assert torch.equal(simulator.reset().cpu(), start), "reset must begin the same episodes again"
    return [start, last, course.returns, course.lived, success]


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
