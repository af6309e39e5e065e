"""Two threads over one through `make_vec`: 512 hardcore walkers, resets and new terrains included.

    python -m benchmarks.walker_threads > benchmarks/results/walker_threads.txt

The two sides take turns, and a ratio is the median of the ratios of the rounds. By wall-clock,
which needs two idle cores: what else runs lowers the ratio. And by CPU time on the critical path of
a step: that of the calling thread without the kernels, plus that of the slower thread's kernels. On
a shared machine it is what the wall-clock time would be if each thread had its own core, without
the time to wake a thread.
"""

from __future__ import annotations

import argparse
import statistics
import time

import gymnasium
import numpy as np

import openpoet.envs  # noqa: F401  # registers the ids
from benchmarks.heading import heading
from openpoet.envs.walker import batch, step_call
from openpoet.envs.walker.threads import Advance, share_out

WALKERS = 512


class Parts:
    """`share_out` that measures the CPU time [s] of the parts: of the first, which the calling
    thread computes, and of the slowest.
    """

    def __init__(self) -> None:
        self.first = self.slowest = 0.0

    def __call__(
        self, rows: np.ndarray, threads: int, advance: Advance, ahead: float = 0.0
    ) -> None:
        spent: dict[int, float] = {}

        def timed(chunk: np.ndarray, part: int) -> None:
            start = time.thread_time()
            advance(chunk, part)
            spent[part] = time.thread_time() - start

        share_out(rows, threads, timed, ahead)
        self.first += spent[0]
        self.slowest += max(spent.values())


def steps_per_second(
    env: gymnasium.vector.VectorEnv, actions: np.ndarray, seconds: float, parts: Parts
) -> tuple[float, float]:
    """Environment steps per second of wall-clock, and per CPU second of the critical path; actions
    [batches, WALKERS, 4], in turn.
    """
    parts.first = parts.slowest = 0.0
    start, used, count = time.perf_counter(), time.thread_time(), 0
    while time.perf_counter() - start < seconds:
        env.step(actions[count % len(actions)])
        count += 1
    wall, used = time.perf_counter() - start, time.thread_time() - used
    return count * WALKERS / wall, count * WALKERS / (used - parts.first + parts.slowest)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="wall-clock of one turn")
    options = parser.parse_args()
    print(heading())
    actions = np.random.default_rng(0).uniform(-1, 1, (64, WALKERS, 4)).astype(np.float32)
    batch.share_out = step_call.share_out = parts = Parts()
    sides = [
        gymnasium.make_vec("openpoet/BipedalWalkerHardcore-v3", num_envs=WALKERS, threads=threads)
        for threads in (1, 2)
    ]
    for env in sides:
        env.reset(seed=0)
        steps_per_second(env, actions, options.seconds, parts)  # a warm-up
    rounds = [
        [steps_per_second(env, actions, options.seconds, parts) for env in sides]
        for _ in range(options.rounds)
    ]
    for clock, title in enumerate(("second", "CPU second of the critical path")):
        one, two = ([side[clock] for side in column] for column in zip(*rounds, strict=True))
        ratios = [second / first for first, second in zip(one, two, strict=True)]
        print(
            f"{WALKERS} walkers, random actions: one thread {statistics.median(one):,.0f} steps a "
            f"{title}, two {statistics.median(two):,.0f}; ratio {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f}-{max(ratios):.2f}; must reach 1.80)"
        )


if __name__ == "__main__":
    main()
