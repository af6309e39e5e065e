"""Large batches: speed-up of two cores over one, and rollouts with policies relative to the bare
simulator.

    python -m benchmarks.walker_rollouts > benchmarks/results/walker_rollouts.txt

The settings alternate; the median of the rounds is reported.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

os.environ["OMP_NUM_THREADS"] = "1"

import numba
import numpy as np
import torch

from benchmarks.heading import heading
from benchmarks.walker_speed import (
    OPERATIONS,
    Controller,
    Ours,
    measured_peak,
    random_actions,
    rate,
)
from openpoet.agents.rollouts.networks import Policy
from openpoet.envs.walker.batch import WalkerBatch
from openpoet.envs.walker.physics.episode import ACT
from openpoet.envs.walker.simulator import CompiledWalkers
from tests.envs import oracle


class Cores(Ours):
    """1,024 walkers. path: CPU seconds of the calling thread plus those of the slowest thread it
    waits for.
    """

    def __init__(self, threads: int) -> None:
        super().__init__(True, 1024, threads)
        self.path, split = 0.0, self.batch._split

        def timed_split(rows: np.ndarray, advance: Callable[[np.ndarray, int], None]) -> None:
            parts: list[float] = []

            def timed(chunk: np.ndarray, part: int) -> None:
                start = time.thread_time()
                advance(chunk, part)
                parts.append(time.thread_time() - start)

            split(rows, timed)
            # a single part runs in the calling thread
            self.path += max(parts) if len(parts) > 1 else 0.0

        self.batch._split = timed_split

    def step(self, actions: np.ndarray) -> np.ndarray:
        start = time.thread_time()
        observations = super().step(actions)
        self.path += time.thread_time() - start
        return observations


def print_cores(controller: Controller, rounds: int) -> None:
    """Print the speed-up of 1,024 walkers on two threads over one, by the wall clock and by the CPU
    seconds on the critical path.

    The critical path is the wall-clock time if each thread had its own core: the calling thread's
    CPU seconds and those of the slower of the two parts. It excludes waiting for a core of a shared
    machine.
    """
    sides = [Cores(threads) for threads in (1, 2)]
    rates: dict[str, list[list[float]]] = {
        "wall clock": [[], []],
        "CPU seconds on the path": [[], []],
    }
    for _ in range(rounds + 1):
        for side, ours in enumerate(sides):
            ours.path = 0.0
            rates["wall clock"][side].append(rate(ours, controller, 51_200, time.perf_counter))
            rates["CPU seconds on the path"][side].append(51_200 / ours.path)
    for clock, found in rates.items():
        one, two = (float(np.median(values[1:])) for values in found)
        best = max(b / a for a, b in zip(found[0][1:], found[1][1:], strict=True))
        result = (
            f"{two:,.0f} / {one:,.0f} = {two / one:.2f}, best round {best:.2f} (must reach 1.8)"
        )
        print(f"\ntwo cores over one, 1,024 walkers, by {clock}: {result}", flush=True)


@numba.njit(nogil=True, error_model="numpy")
def _replayed(weights, member, rows, observations, layout, memory, actions):
    """A policy of negligible cost: row i's recorded actions in order."""
    for row in rows:
        t = np.int64(memory[row, 0])
        for a in range(4):
            actions[row, a] = weights[row, 4 * t + a]
        memory[row, 0] = t + 1


def print_policy(rounds: int) -> None:
    """Print the speed of rollouts of 512 members with their policies, relative to the same walkers
    with recorded actions.
    """
    policy, steps, members = Policy((24, 40, 40, 4)), 300, 512
    rng, track = np.random.default_rng(0), oracle.fresh_env(0, True)[2]
    table = (0.15 * rng.normal(size=(members, policy.parameters))).astype(np.float32)
    member, none = np.arange(members), np.zeros((members, 0), np.float32)
    simulator = CompiledWalkers(
        WalkerBatch([track] * members, threads=1), [track] * members, steps, "cpu"
    )
    recorded, observations = np.zeros((members, steps, 4), np.float32), simulator.reset()
    actions = np.zeros((members, 4), np.float32)
    for t in range(steps):
        policy.act(table, member, member, observations.numpy(), actions)
        recorded[:, t] = actions
        observations = simulator.step(torch.from_numpy(actions))[0]
    _replayed.compile(ACT)
    flat, rates = recorded.reshape(members, -1), {"policy": [], "recorded": []}  # type: dict[str, list[float]]
    for _ in range(rounds + 1):
        start = time.process_time()
        _, taken = simulator.play(policy.compiled(), table, member, policy.layout, none)
        rates["policy"].append(taken.sum() / (time.process_time() - start))
        memory, start = np.zeros((members, 1), np.float32), time.process_time()
        _, again = simulator.play(_replayed, flat, member, policy.layout, memory)
        rates["recorded"].append(again.sum() / (time.process_time() - start))
        assert (taken == again).all()
    with_policy, bare = (float(np.median(values[1:])) for values in rates.values())
    share = 100 * with_policy / bare
    print(
        f"\nrollouts of 512 members, 24-40-40-4, a policy each: {with_policy:,.0f} steps per CPU "
        "second;"
    )
    print(f"  the bare simulator in the same episodes {bare:,.0f}: {share:.0f} % (must reach 80 %)")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(heading())
    print_policy(options.rounds)
    print_cores(random_actions(), options.rounds)
    peak, step, network = (
        measured_peak(),
        OPERATIONS["random"],
        2 * Policy((24, 40, 40, 4)).parameters,
    )
    print(
        f"\nfloor: {step:,} float operations at {peak / 1e9:.0f} G/s: {peak / step:,.0f} steps/s "
        "a core;",
        end="",
    )
    print(f" {network:,} more with the policy: {peak / (step + network):,.0f}")


if __name__ == "__main__":
    main()
