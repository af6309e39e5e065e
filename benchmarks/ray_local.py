"""Rollouts of the walker in one process of two threads against two Ray workers of one thread each.

    python -m benchmarks.ray_local > benchmarks/results/ray_local.txt

The rollouts are those of an ES step: 512 members around an initial agent, one episode each, in one
niche. Both run the same rollouts, in alternating order, and must give the same returns. Prints
steps per wall-clock second, after a warm-up that is not counted; per CPU second of all processes,
including raylet and object store; and per CPU second on the critical path: that of this process
plus the slower worker, or half of what the two threads use. On a shared machine the wall-clock time
is unreliable; the critical path is what it would be if each thread and worker had its own core.

Last, an improvement step of PPO in several niches, a Ray task a pair of agent and task, which must
give the same agents as one process.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import ray
import torch

os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  Ray's own spelling; its default is 15, that of the threads is 0

from benchmarks.heading import heading
from openpoet.agents.rollouts.distributed import RayRollouts
from openpoet.agents.rollouts.places import InProcess, Rollouts
from openpoet.agents.rollouts.rollout import Episodes
from openpoet.agents.search.es import ES
from openpoet.agents.search.es_config import ESConfig
from openpoet.cli.parts import settings_for
from openpoet.cli.settings.resolving import Request
from openpoet.cli.wiring import wire
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.poet.streams import Key

CLOCKS = "second", "CPU second", "second of critical path"
NICHES, MEMBERS, HORIZON, WORKERS, REPEATS, MUTATIONS = 40, 512, 500, 2, 7, 40
PAIRS = 8


def cpu_seconds() -> Counter[int]:
    """CPU seconds of this process and of all running processes that it has started, by process;
    Linux only.
    """
    parents, ticks = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # the process has ended
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
    """Compare both in the task after this number of mutations of the origin."""
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
            f"{name:10} in process {here:9,.0f} steps a {clock:24}   Ray {there:9,.0f}   "
            f"Ray / in process {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f}-{max(ratios):.2f}; must reach 0.90)",
            flush=True,
        )


class Measured:
    """A Ray task that records the pickled size of its arguments."""

    def __init__(self, task: Any, sizes: list[int]) -> None:
        self.task, self.sizes = task, sizes

    def remote(self, *arguments: Any) -> Any:
        values = [one for one in arguments if not isinstance(one, ray.ObjectRef)]
        self.sizes.append(len(ray.cloudpickle.dumps(values)))
        return self.task.remote(*arguments)


def report_driver(workers: RayRollouts) -> None:
    """The driver's own work in an ES step of `epoet-paper`, with 40 niches of 512 members.

    Episodes end after two steps, so that workers have little to do. The number of workers is that
    of the parts into which the step is split; two processes execute them here.
    """
    family = Walker(WalkerSettings(threads=1, horizon=2))
    es = ES(family, ESConfig(population=MEMBERS), workers)
    agents = [es.init(Key(0, ("agent", i))) for i in range(NICHES)]
    tasks = [family.origin()]
    for i in range(NICHES - 1):
        tasks.append(family.mutate(tasks[-1], Key(1, ("mutate", i)).generator()))
    for parts in (WORKERS, 256, 1_000):
        workers.wanted = parts
        spent, sent = [], 0
        for number in range(4):
            keys = [Key(number, ("improve", i)) for i in range(NICHES)]
            if number == 3:  # bytes are counted in a separate step, since counting takes time
                sent = bytes_sent(workers, lambda: es.improve(agents, tasks, keys))  # noqa: B023
                continue
            start = time.process_time()
            es.improve(agents, tasks, keys)
            spent.append(time.process_time() - start)
        print(
            f"the driver, an ES step of {NICHES} niches x {MEMBERS} members in {parts:5,} parts: "
            f"{min(spent[1:]):.2f} CPU s, {sent / 1e6:.1f} MB sent (must be .25 s, 10 MB; "
            "1.0 s and 230 MB when it sent the members)",
            flush=True,
        )
    workers.wanted = WORKERS


def report_pairs(workers: RayRollouts) -> None:
    """PPO's improvement steps of PAIRS niches in this process and in the workers."""
    changes = ["ppo.rollouts=1", f"poet.capacity={PAIRS}"]
    options = {"run.family": "walker", "run.learner": "ppo"}
    tables = settings_for(Request(options, changes, None, {}))
    here, there = wire(tables, 1), wire(tables, WORKERS, workers)
    pairs = [
        [here.ledger.init(Key(0, ("agent", i))) for i in range(PAIRS)],
        [here.setup.family.origin()] * PAIRS,
        [Key(1, ("improve", i)) for i in range(PAIRS)],
    ]
    found, spent = [], []
    there.ledger.improve(*pairs)  # workers build the learner
    for side in (here, there):
        start = time.process_time()
        found.append(side.ledger.improve(*pairs))
        spent.append(time.process_time() - start)
    for one, other in zip(found[0][0], found[1][0], strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)
    print(
        f"PPO, an improvement step of {PAIRS} niches: {spent[0]:.2f} CPU s in process, "
        f"{spent[1]:.2f} CPU s in the driver with Ray; equal agents",
        flush=True,
    )


def bytes_sent(workers: RayRollouts, work: Callable[[], Any]) -> int:
    """Bytes sent to the object store and with the tasks."""
    sizes: list[int] = []
    put, tasks = ray.put, (workers._part, workers._item)
    ray.put = lambda value: sizes.append(len(ray.cloudpickle.dumps(value))) or put(value)
    workers._part, workers._item = (Measured(task, sizes) for task in tasks)
    try:
        work()
    finally:
        ray.put, (workers._part, workers._item) = put, tasks
    return sum(sizes)


def main() -> None:
    print(heading())
    torch.set_num_threads(1)
    with RayRollouts("local", WORKERS) as workers:
        report_driver(workers)
    print(
        f"{MEMBERS} members x 1 niche, horizon {HORIZON}; {WORKERS} threads in process, {WORKERS} "
        f"Ray workers of one; medians of {REPEATS} (minimum-maximum)"
    )
    with RayRollouts("local", WORKERS) as workers:
        report("flat", 0, workers)
        report("hardcore", MUTATIONS, workers)
        report_pairs(workers)


if __name__ == "__main__":
    main()
