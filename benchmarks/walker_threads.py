"""Two threads over one through `make_vec`: 512 hardcore walkers, resets and new terrains included.

    python -m benchmarks.walker_threads > benchmarks/results/walker_threads.txt

Wall-clock, since two threads share one process; the two sides take turns, and the ratio is the
median of the ratios of the rounds. Needs two idle cores: what else runs lowers the ratio.
"""

from __future__ import annotations

import argparse
import statistics
import time

import gymnasium
import numpy as np

import openpoet.envs  # noqa: F401  # registers the ids
from benchmarks.heading import heading

WALKERS = 512


def steps_per_second(env: gymnasium.vector.VectorEnv, actions: np.ndarray, seconds: float) -> float:
    """Environment steps per second of wall-clock; actions [batches, WALKERS, 4], in turn."""
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        env.step(actions[count % len(actions)])
        count += 1
    return count * WALKERS / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="wall-clock of one turn")
    options = parser.parse_args()
    print(heading())
    actions = np.random.default_rng(0).uniform(-1, 1, (64, WALKERS, 4)).astype(np.float32)
    sides = [
        gymnasium.make_vec("openpoet/BipedalWalkerHardcore-v3", num_envs=WALKERS, threads=threads)
        for threads in (1, 2)
    ]
    for env in sides:
        env.reset(seed=0)
        steps_per_second(env, actions, options.seconds)  # a warm-up
    rounds = [
        [steps_per_second(env, actions, options.seconds) for env in sides]
        for _ in range(options.rounds)
    ]
    one, two = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratios = [second / first for first, second in rounds]
    print(
        f"{WALKERS} walkers, random actions: one thread {one:,.0f} steps/s, two {two:,.0f}; "
        f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}; must reach "
        "1.80)"
    )


if __name__ == "__main__":
    main()
