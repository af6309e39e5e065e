"""The laws of a simulator, as checks: episodes alone and together, again, anew, and played
whole.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numba
import numpy as np
import torch
from openpoet.poet.interfaces import Simulator, Task, TaskFamily

from tests.interface_checks import KEY, check_part, check_simulator_interface


class Course:
    """A batch of episodes under way; every step is checked."""

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
        """actions: [n, a] float32. Rows that have ended must stay as they are."""
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


def check_episodes(family: TaskFamily, tasks: Sequence[Task], device: str) -> None:
    seeds = [KEY.child("seed", i).integer() for i in range(len(tasks))]
    together = _episodes(family, tasks, seeds, device)
    _same(
        together,
        _episodes(family, tasks, seeds, device),
        "the same tasks and seeds must give the same episodes",
    )
    for row in reversed(range(len(tasks))):
        alone = _episodes(family, [tasks[row]], [seeds[row]], device, first=row)
        part = [tensor[row : row + 1] for tensor in together]
        _same(part, alone, f"batch must equal one by one, it does not for row {row}")
    check_restart(family, tasks, seeds, device)
    check_play(family, tasks, seeds, device)
    check_play_captured(family, tasks, seeds, device)
    if getattr(family.spec, "discrete", False):
        places = _episodes(family, tasks, seeds, device, discrete=True)
        _same(
            together,
            places,
            "spec.discrete says that only the place of the largest number counts, others do",
        )
    if family.spec.deterministic:
        other = _episodes(family, tasks, [seed + 1 for seed in seeds], device)
        _same(together, other, "spec.deterministic says that seeds change nothing, they do")


def _episodes(
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


def check_restart(
    family: TaskFamily, tasks: Sequence[Task], seeds: Sequence[int], device: str
) -> None:
    """Where a simulator can begin an episode anew, only the rows that are asked for do, and they
    run again.
    """
    simulator, n = family.simulator(tasks, seeds, device), len(tasks)
    if not hasattr(simulator, "restart"):
        assert family.spec.episodes == 1, (
            f"a trial of {family.spec.episodes} episodes needs simulator.restart"
        )
        return
    before, actions = (
        simulator.reset().clone(),
        torch.full((n, family.spec.action_size), 0.5, device=device),
    )
    for _ in range(family.spec.horizon):
        before = simulator.step(actions)[0].clone()
    again = torch.zeros(n, dtype=torch.bool, device=device)
    again[0] = True
    after = simulator.restart(again)
    assert torch.equal(after[1:], before[1:]), (
        "restart must leave the rows alone that were not asked for"
    )
    steps = simulator.steps
    _, rewards, terminated, truncated = simulator.step(actions)
    assert simulator.steps == steps + 1, "after restart of one row a step must count one"
    assert bool((rewards[1:] == 0).all() & (terminated | truncated)[1:].all()), (
        "rows not restarted must stay ended"
    )
    twice, ahead = (family.simulator(tasks, seeds, device) for _ in range(2))
    for one in (twice, ahead):
        one.reset()
        one.step(actions)
    twice.restart(again)
    observations = [twice.restart(again), ahead.restart(again, 2)]
    law = "restart(rows, 2) must begin the episode that two restarts lead to"
    _same(observations[:1], observations[1:], law)
    _same(twice.step(actions), ahead.step(actions), law)


def check_play(
    family: TaskFamily, tasks: Sequence[Task], seeds: Sequence[int], device: str
) -> None:
    """`play`, if the simulator has it: the numbers of reset() and step() under the same compiled
    policy.
    """
    simulator, n = family.simulator(tasks, seeds, device), len(tasks)
    if not hasattr(simulator, "play") or device != "cpu":
        return
    act, memory = numba.njit(_SIGNATURE)(_swinging), np.zeros((n, 1), np.float32)
    weights = (
        KEY.child("play")
        .generator()
        .standard_normal((2, family.spec.action_size))
        .astype(np.float32)
    )
    member, layout = np.arange(n) % 2, np.zeros(1, np.int64)
    actions, kept = np.zeros((n, family.spec.action_size), np.float32), memory.copy()

    def acts(seen: torch.Tensor, live: torch.Tensor) -> torch.Tensor:
        act(
            weights, member, np.flatnonzero(live), np.ascontiguousarray(seen), layout, kept, actions
        )
        return torch.from_numpy(actions.copy())

    played = simulator.play(act, weights, member, layout, memory)
    _check_played("play", simulator, played, family.simulator(tasks, seeds, device), acts)


def check_play_captured(
    family: TaskFamily, tasks: Sequence[Task], seeds: Sequence[int], device: str
) -> None:
    """`play_captured`, if the simulator has it: the numbers of reset() and step() under the same
    torch policy.
    """
    simulator, n = family.simulator(tasks, seeds, device), len(tasks)
    if not hasattr(simulator, "play_captured"):
        return
    memory = torch.zeros(n, 1, device=device)
    kept, sizes = memory.clone(), torch.linspace(-1, 1, family.spec.action_size, device=device)

    def act(seen: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
        memory += 0.3 + 0.1 * seen[:, :1].sum(1, keepdim=True)
        return (sizes * memory).clamp(-1, 1)

    played = simulator.play_captured(act, memory)
    again = family.simulator(tasks, seeds, device)
    _check_played("play_captured", simulator, played, again, lambda seen, live: act(seen, kept))


def _check_played(
    method: str,
    simulator: Simulator,
    played: tuple[np.ndarray, np.ndarray],
    other: Simulator,
    acts: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> None:
    """That episodes played at once came to what they do step by step in the other simulator."""
    observations = other.reset()
    live = torch.ones(len(observations), dtype=torch.bool)
    returns, steps = (
        torch.zeros(len(live), dtype=torch.float64),
        torch.zeros(len(live), dtype=torch.int64),
    )
    while live.any():
        observations, rewards, terminated, truncated = other.step(acts(observations, live))
        returns, steps = returns + rewards.cpu(), steps + live
        live &= ~(terminated | truncated).cpu()
    got = [played[0].tolist(), played[1].tolist(), simulator.success.tolist(), simulator.steps]
    expected = [returns.tolist(), steps.tolist(), other.success.tolist(), other.steps]
    assert got == expected, (
        f"{method} must give the numbers of reset() and step(), got {got} for {expected}"
    )


_F32, _I64 = numba.float32[:, ::1], numba.int64[::1]
_SIGNATURE = numba.void(_F32, _I64, _I64, _F32, _I64, _F32, _F32)


def _swinging(weights, member, rows, observations, layout, memory, actions):  # type: ignore[no-untyped-def]  # Numba
    """Actions of rows: each weight times what a memory has added up, within [-1, 1]."""
    for row in rows:
        memory[row, 0] += np.float32(0.3)
        if observations.shape[1] > 0:
            memory[row, 0] += np.float32(0.1) * observations[row, 0]
        for j in range(actions.shape[1]):
            value = weights[member[row], j] * memory[row, 0]
            actions[row, j] = min(max(value, np.float32(-1.0)), np.float32(1.0))


def _same(one: Sequence[torch.Tensor], other: Sequence[torch.Tensor], law: str) -> None:
    for part, twin in zip(one, other, strict=True):
        assert torch.equal(part, twin), f"{law}: got {part} and {twin}"


def _same_drawing(
    one: Mapping[str, list[np.ndarray]], other: Mapping[str, list[np.ndarray]]
) -> bool:
    return one.keys() == other.keys() and all(
        len(one[layer]) == len(other[layer]) and all(map(np.array_equal, one[layer], other[layer]))
        for layer in one
    )
