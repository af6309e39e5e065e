"""Rollouts of the walker in one process of two threads against two Ray workers of one thread each.

    python -m benchmarks.ray_local > benchmarks/results/ray_local.txt

The rollouts are those of an ES step: 512 members around a newborn agent, one episode each, in one
niche. Both sides run the same rollouts, one after the other, taking turns at who goes first; both
must give the same returns. Wall-clock after a warm-up that is not counted; CPU seconds of all
processes, the raylet's and the stores' included; and those on
the path: this process's and the slower worker's, against half of what the two threads use. On a
machine that others use too, the first says little; the last is what it would be if each thread and
worker had a core to itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch

os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  Ray spells it so; its own choice is 15, the other side has 0

from openpoet.agents.rollouts.distributed import RayRollouts
from openpoet.agents.rollouts.rollout import Episodes, InProcess, Rollouts, check_rows
from openpoet.agents.search.es import ES
from openpoet.agents.search.es_config import ESConfig
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.poet.streams import Key

from benchmarks.heading import heading

CLOCKS = "second", "CPU second", "second of the path"
MEMBERS, HORIZON, WORKERS, REPEATS, MUTATIONS = 512, 500, 2, 7, 40


def cpu_seconds() -> Counter[int]:
    """Of this process and of all that it has started, by process, as far as they still run [s];
    Linux.
    """
    parents, ticks = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # a process that ends meanwhile
            fields = stat.read_text().rpartition(")")[2].split()
            process = int(stat.parent.name)
            parents[process], ticks[process] = int(fields[1]), int(fields[11]) + int(fields[12])
    ours, found = set(), {os.getpid()}
    while found:
        ours |= found
        found = {process for process, parent in parents.items() if parent in found} - ours
    return Counter({process: ticks[process] / os.sysconf("SC_CLK_TCK") for process in ours})


def timed(
    place: Rollouts, threads: int, family: Walker, task: Any, repeat: int
) -> tuple[Episodes, list[float]]:
    """The episodes of one rollout, and its seconds by each of CLOCKS."""
    es = ES(family, ESConfig(population=MEMBERS, threads=threads))
    members = es.searcher.ask(es.init(Key(repeat, ("agent",))), Key(repeat, ("noise",)))
    rows = np.arange(MEMBERS), [task] * MEMBERS, [0] * MEMBERS
    start, used = time.perf_counter(), cpu_seconds()
    episodes = place.rollout(es.policy, family, members, *rows, machine=es.machine)
    wall = time.perf_counter() - start
    used = cpu_seconds() - used
    here = used.pop(os.getpid(), 0.0)
    path = (
        here / threads if isinstance(place, InProcess) else here + max(used.values(), default=0.0)
    )
    return episodes, [wall, here + used.total(), path]


def report(name: str, mutations: int, workers: RayRollouts) -> None:
    """In the task that so many mutations make of the origin."""
    sides = [
        (InProcess(), WORKERS, Walker(WalkerSettings(threads=WORKERS, horizon=HORIZON))),
        (workers, 1, Walker(WalkerSettings(threads=1, horizon=HORIZON))),
    ]
    task = sides[0][2].origin()
    for i in range(mutations):
        task = sides[0][2].mutate(task, Key(1, ("mutate", i)).generator())
    rates: list[list[list[float]]] = [[], []]
    for repeat in range(REPEATS + 1):
        returns = {}
        for side in (0, 1) if repeat % 2 else (1, 0):
            episodes, seconds = timed(*sides[side], task, repeat)
            returns[side] = episodes.returns
            if repeat:
                steps = int(episodes.steps.sum())
                rates[side].append([steps / spent for spent in seconds])
        np.testing.assert_array_equal(returns[0], returns[1])
    for i, clock in enumerate(CLOCKS):
        ratios = [there[i] / here[i] for here, there in zip(*rates, strict=True)]
        here, there = (statistics.median(row[i] for row in side) for side in rates)
        print(
            f"{name:10} in process {here:9,.0f} steps a {clock:18}   Ray {there:9,.0f}   "
            f"Ray / in process {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f}-{max(ratios):.2f}; must reach 0.90)",
            flush=True,
        )


def report_driver() -> None:
    """What the driver does itself for each niche of an iteration, in CPU milliseconds, least of
    5.
    """
    es = ES(Walker(WalkerSettings()), ESConfig(population=MEMBERS, threads=1))
    agent, rng = es.init(Key(0, ("agent",))), np.random.default_rng(0)
    members = es.searcher.ask(agent, Key(0, ("noise",)))
    returns, none = rng.normal(size=MEMBERS), np.zeros(0, np.int64)
    work = {
        "makes members": lambda: es.searcher.ask(agent, Key(0, ("noise",))),
        "checks them": lambda: check_rows(es.policy, members, none, [], []),
        "copies them": lambda: members[torch.arange(MEMBERS)],
        "hashes them": lambda: hashlib.sha256(members.numpy().tobytes()).digest(),
        "updates the agent": lambda: es.searcher.tell(agent, members, returns),
    }
    spent: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(5):
        for name, part in work.items():
            start = time.process_time()
            part()
            spent[name].append(1e3 * (time.process_time() - start))
    told = ", ".join(f"{name} {min(times):.1f}" for name, times in spent.items())
    size, total = members.numpy().nbytes / 1e6, sum(map(min, spent.values()))
    print(
        f"the driver, ms a niche of {MEMBERS} members ({size:.1f} MB): {told}; {total:.0f} in all"
    )


def main() -> None:
    print(heading())
    torch.set_num_threads(1)
    report_driver()
    print(
        f"{MEMBERS} members x 1 niche, horizon {HORIZON}; {WORKERS} threads in process, {WORKERS} "
        "Ray workers of one; "
        f"medians of {REPEATS} (least-greatest)"
    )
    with RayRollouts("local", WORKERS) as workers:
        report("flat", 0, workers)
        report("hardcore", MUTATIONS, workers)


if __name__ == "__main__":
    main()
