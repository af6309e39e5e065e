"""Rollouts of the walker in one process of two threads against two Ray workers of one thread each.

    python -m benchmarks.ray_local > benchmarks/results/ray_local.txt

The rollouts are those of an ES step: 512 members around a newborn agent, one episode each, in one niche. Both sides run
the same rollouts, one after the other, taking turns at who goes first; both must give the same returns. Wall-clock
after a warm-up that is not counted.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from agents.distributed import RayRollouts
from agents.es import ES
from agents.es_config import ESConfig
from agents.rollout import Episodes, InProcess, Rollouts
from benchmarks.heading import heading
from envs.walker.family import Walker, WalkerSettings
from poet.streams import Key

MEMBERS, WORKERS, REPEATS, MUTATIONS = 512, 2, 5, 40


def timed(place: Rollouts, threads: int, family: Walker, task: Any, repeat: int) -> tuple[Episodes, float]:
    """The episodes of one rollout, and how long it took [s]."""
    es = ES(family, ESConfig(population=MEMBERS, threads=threads))
    members = es.searcher.ask(es.init(Key(repeat, ("agent",))), Key(repeat, ("noise",)))
    rows = np.arange(MEMBERS), [task] * MEMBERS, [0] * MEMBERS
    start = time.perf_counter()
    episodes = place.rollout(es.policy, family, members, *rows, machine=es.machine)
    return episodes, time.perf_counter() - start


def report(name: str, mutations: int, workers: RayRollouts) -> None:
    """In the task that so many mutations make of the origin."""
    sides = [
        (InProcess(), WORKERS, Walker(WalkerSettings(threads=WORKERS))),
        (workers, 1, Walker(WalkerSettings(threads=1))),
    ]
    task = sides[0][2].origin()
    for i in range(mutations):
        task = sides[0][2].mutate(task, Key(1, ("mutate", i)).generator())
    rates: list[list[float]] = [[], []]
    for repeat in range(REPEATS + 1):
        returns = {}
        for side in (0, 1) if repeat % 2 else (1, 0):
            episodes, seconds = timed(*sides[side], task, repeat)
            returns[side] = episodes.returns
            if repeat:
                rates[side].append(int(episodes.steps.sum()) / seconds)
        np.testing.assert_array_equal(returns[0], returns[1])
    ratios = [there / here for here, there in zip(*rates, strict=True)]
    here, there = (statistics.median(side) for side in rates)
    print(
        f"{name:10} in process {here:9,.0f} steps/s   Ray {there:9,.0f} steps/s   "
        f"Ray / in process {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    )


def main() -> None:
    print(heading())
    print(
        f"{MEMBERS} members x 1 niche; one process of {WORKERS} threads, {WORKERS} Ray workers of one thread; "
        f"medians of {REPEATS} (least-greatest)"
    )
    with RayRollouts("local", WORKERS) as workers:
        report("flat", 0, workers)
        report("hardcore", MUTATIONS, workers)


if __name__ == "__main__":
    main()
