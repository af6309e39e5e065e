"""The laws of the optional simulator methods that run whole episodes: `play` and
`play_captured`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numba
import numpy as np
import torch

from openpoet.poet.interfaces import Simulator, Task, TaskFamily

from .interface import KEY
from .laws import NOT_OFFERED


def check_play(
    family: TaskFamily, tasks: Sequence[Task], seeds: Sequence[int], device: str
) -> str | None:
    """Check the optional `play`: the results of reset() and step() under the same
    compiled policy.
    """
    simulator, n = family.simulator(tasks, seeds, device), len(tasks)
    if not hasattr(simulator, "play") or device != "cpu":
        return NOT_OFFERED
    act, memory = numba.njit(_SIGNATURE)(_swinging), np.zeros((n, 1), np.float32)
    weights = (
        KEY.child("play")
        .generator()
        .standard_normal((2, family.spec.action_size))
        .astype(np.float32)
    )
    member, layout = np.arange(n) % 2, np.zeros(1, np.int64)
    actions, kept = np.zeros((n, family.spec.action_size), np.float32), memory.copy()

    def act_on(observations: torch.Tensor, live: torch.Tensor) -> torch.Tensor:
        act(
            weights,
            member,
            np.flatnonzero(live),
            np.ascontiguousarray(observations),
            layout,
            kept,
            actions,
        )
        return torch.from_numpy(actions.copy())

    played = simulator.play(act, weights, member, layout, memory)
    _check_played("play", simulator, played, family.simulator(tasks, seeds, device), act_on)
    return None


def check_play_captured(
    family: TaskFamily, tasks: Sequence[Task], seeds: Sequence[int], device: str
) -> str | None:
    """Check the optional `play_captured`: the results of reset() and step() under the
    same torch policy.
    """
    simulator, n = family.simulator(tasks, seeds, device), len(tasks)
    if not hasattr(simulator, "play_captured"):
        return NOT_OFFERED
    memory = torch.zeros(n, 1, device=device)
    kept, sizes = memory.clone(), torch.linspace(-1, 1, family.spec.action_size, device=device)

    def act(observations: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
        memory += 0.3 + 0.1 * observations[:, :1].sum(1, keepdim=True)
        return (sizes * memory).clamp(-1, 1)

    played = simulator.play_captured(act, memory)
    again = family.simulator(tasks, seeds, device)
    _check_played(
        "play_captured",
        simulator,
        played,
        again,
        lambda observations, live: act(observations, kept),
    )
    return None


def _check_played(
    method: str,
    simulator: Simulator,
    played: tuple[np.ndarray, np.ndarray],
    other: Simulator,
    act_on: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> None:
    """Check that whole episodes equal those run step by step in the other simulator."""
    observations = other.reset()
    live = torch.ones(len(observations), dtype=torch.bool)
    returns, steps = (
        torch.zeros(len(live), dtype=torch.float64),
        torch.zeros(len(live), dtype=torch.int64),
    )
    while live.any():
        observations, rewards, terminated, truncated = other.step(act_on(observations, live))
        returns, steps = returns + rewards.cpu(), steps + live
        live &= ~(terminated | truncated).cpu()
    got = [played[0].tolist(), played[1].tolist(), simulator.success.tolist(), simulator.steps]
    expected = [returns.tolist(), steps.tolist(), other.success.tolist(), other.steps]
    assert got == expected, (
        f"{method} must return the results of reset() and step(), got {got} for {expected}"
    )


_F32, _I64 = numba.float32[:, ::1], numba.int64[::1]


_SIGNATURE = numba.void(_F32, _I64, _I64, _F32, _I64, _F32, _F32)


def _swinging(weights, member, rows, observations, layout, memory, actions):  # type: ignore[no-untyped-def]  # Numba
    """Actions of rows: each weight times the row's accumulated memory, clipped to [-1, 1]."""
    for row in rows:
        memory[row, 0] += np.float32(0.3)
        if observations.shape[1] > 0:
            memory[row, 0] += np.float32(0.1) * observations[row, 0]
        for j in range(actions.shape[1]):
            value = weights[member[row], j] * memory[row, 0]
            actions[row, j] = min(max(value, np.float32(-1.0)), np.float32(1.0))
