"""Episodes of many policies in many tasks at once, one row each, stepped until all have ended."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .actors import CpuActor, DeviceActor, actor_of, gathered_weights
from .networks import Policy
from .sizes import check_indices

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Simulator, Task, TaskFamily


@dataclass(frozen=True)
class Episodes:
    """Results of n episodes."""

    returns: np.ndarray  # [n] float64, sum of an episode's rewards
    success: np.ndarray  # [n] bool, the simulator's `success` at the end
    steps: np.ndarray  # [n] int64, environment steps


@dataclass(frozen=True)
class Machine:
    """Where episodes run. On the CPU it affects the speed only, never the results."""

    device: str = "cpu"
    max_rows: int = 4096  # episodes side by side
    threads: int = 1  # of the policy; simulators have their own setting


def rollout(
    policy: Policy,
    family: TaskFamily,
    weights: torch.Tensor,
    member: np.ndarray,
    tasks: Sequence[Task],
    seeds: Sequence[int],
    *,
    machine: Machine,
    offset: int = 0,
) -> Episodes:
    """Run n episodes: row i is weights[member[i]] in tasks[i] with seeds[i].

    weights: [members, parameters] float32; member: [n] int64; offset: the number of row 0 in error
    messages. ValueError if sizes do not match the policy's, or if an observation, reward or return
    is NaN or infinite.
    """
    check_rows(policy, weights, member, tasks, seeds)
    if (sizes := (family.spec.observation_size, family.spec.action_size)) != (
        policy.sizes[0],
        policy.sizes[-1],
    ):
        raise ValueError(
            f"the family has observations and actions of sizes {sizes}, the policy {policy.sizes}"
        )
    done: list[Episodes] = []
    threads = machine.threads if machine.device == "cpu" else 1
    with ThreadPoolExecutor(threads) if threads > 1 else nullcontext() as pool:
        for first in range(0, len(tasks), machine.max_rows):
            rows = slice(first, first + machine.max_rows)
            simulator = family.simulator(tasks[rows], seeds[rows], machine.device)
            first_row, used = offset + first, member[rows]
            if hasattr(simulator, "play_captured"):
                done.append(
                    _play_captured(
                        simulator,
                        policy,
                        gathered_weights(weights, used, machine.device),
                        first_row,
                    )
                )
            elif machine.device == "cpu" and hasattr(simulator, "play"):
                done.append(_play(simulator, policy, weights, used, first_row))
            else:
                actor = actor_of(policy, weights, used, machine, pool)
                done.append(_run(simulator, actor, tasks[rows], family.spec.horizon, first_row))
    return joined(done)


def check_rows(
    policy: Policy,
    weights: torch.Tensor,
    member: np.ndarray,
    tasks: Sequence[Task],
    seeds: Sequence[int],
) -> None:
    """ValueError unless these are valid arguments of a rollout.

    Compiled code does not check bounds, so sizes are checked here.
    """
    policy.check_weights(weights)
    if not len(member) == len(tasks) == len(seeds):
        raise ValueError(
            f"member, tasks and seeds must have one entry for each row, got {len(member)}, "
            f"{len(tasks)} and {len(seeds)}"
        )
    check_indices("member", member, len(weights))
    finite = torch.isfinite(weights).all(dim=1)
    if not bool(finite.all()):
        raise ValueError(
            f"member {int(torch.nonzero(~finite)[0])} has weights that are NaN or infinite"
        )


def joined(parts: Sequence[Episodes]) -> Episodes:
    """The rows of all parts, in order."""
    return Episodes(
        returns=np.concatenate([np.empty(0), *(part.returns for part in parts)]),
        success=np.concatenate([np.empty(0, bool), *(part.success for part in parts)]),
        steps=np.concatenate([np.empty(0, np.int64), *(part.steps for part in parts)]),
    )


def _play(
    simulator: Any, policy: Policy, weights: torch.Tensor, member: np.ndarray, first: int
) -> Episodes:
    """Whole episodes by a simulator that calls the policy's compiled kernel itself."""
    table, memory = weights.contiguous().numpy(), policy.start(len(member))
    played = simulator.play(
        policy.compiled(), table, np.ascontiguousarray(member), policy.layout, memory
    )
    return _finished(simulator, played, first)


def _play_captured(simulator: Any, policy: Policy, weights: torch.Tensor, first: int) -> Episodes:
    """Whole episodes on the simulator's device. weights: of each row, [n, parameters]."""
    memory = torch.from_numpy(policy.start(len(weights))).to(weights.device)
    played = simulator.play_captured(
        lambda seen, memory: policy.forward(weights, seen, memory), memory
    )
    return _finished(simulator, played, first)


def _finished(simulator: Any, played: tuple[np.ndarray, np.ndarray], first: int) -> Episodes:
    """Results of whole episodes; played: returns [n] and steps [n]."""
    returns, steps = played
    if not np.isfinite(returns).all():
        row = first + int(np.flatnonzero(~np.isfinite(returns))[0])
        raise ValueError(f"the return of row {row} is NaN or infinite")
    return Episodes(returns, simulator.success.cpu().numpy().copy(), steps)


def _run(
    simulator: Simulator,
    actor: CpuActor | DeviceActor,
    tasks: Sequence[Task],
    horizon: int,
    first: int,
) -> Episodes:
    """One batch of episodes, step by step. first: number of its first row in error messages."""
    observations = simulator.reset()
    n = len(tasks)
    if observations.dtype != torch.float32 or len(observations) != n:
        raise ValueError(
            f"expected {n} float32 observations, got {observations.dtype} "
            f"{list(observations.shape)}"
        )
    _check(observations, "observation", tasks, first)
    returns, steps = np.zeros(n), np.zeros(n, np.int64)
    rows = np.arange(n)
    while len(rows):
        if steps[rows[0]] >= horizon:
            raise ValueError(
                f"row {first + rows[0]} did not end after the family's horizon of {horizon} steps"
            )
        observations, rewards, terminated, truncated = simulator.step(actor(observations, rows))
        _check(observations, "observation", tasks, first)
        _check(rewards, "reward", tasks, first)
        returns[rows] += rewards.cpu().numpy()[rows]
        steps[rows] += 1
        rows = rows[~(terminated | truncated).cpu().numpy()[rows]]
    if int(steps.sum()) != simulator.steps:
        raise ValueError(
            f"the simulator counts {simulator.steps} steps where {int(steps.sum())} were taken"
        )
    return Episodes(returns, simulator.success.cpu().numpy().copy(), steps)


def _check(values: torch.Tensor, name: str, tasks: Sequence[Task], first: int) -> None:
    """ValueError that names the first row with a NaN or infinite value, and its task."""
    finite = torch.isfinite(values)
    if bool(finite.all()):
        return
    row = int(torch.nonzero(~finite)[0][0])
    raise ValueError(f"{name} of row {first + row} is NaN or infinite, in task {tasks[row]!r:.200}")
