"""One iteration of several niches with one process and with two (`--workers 1` and `--workers 2`).

    python -m benchmarks.learner_workers > benchmarks/results/learner_workers.txt

The learner and family of a preset (by default quick-navigation's RL^2), six niches: each iteration
improves and scores every agent in its niche. The two settings alternate, and must give the same
scores. Prints wall-clock time, and CPU seconds on the critical path: those of the one process, or
of the busier of two. On a shared machine the wall-clock time is unreliable; the critical path is
what it would be if each process had its own core.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.heading import heading
from openpoet.cli.parts import settings_for
from openpoet.cli.settings.resolving import Request
from openpoet.cli.wiring import Parts, wire
from openpoet.poet.streams import Key


def cpu_seconds(processes: list[int]) -> np.ndarray:
    """CPU seconds used by these processes so far; Linux only."""
    found = []
    for process in processes:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        found.append((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    return np.array(found)


def iteration(parts: Parts, niches: int, number: int) -> np.ndarray:
    """Scores [niches] after one improvement step of the same agents for both settings."""
    learner, family = parts.ledger, parts.setup.family
    agents = [learner.init(Key(0, ("agent", i))) for i in range(niches)]
    tasks = [family.origin()] * niches
    agents, _ = learner.improve(agents, tasks, [Key(number, ("learn", i)) for i in range(niches)])
    return learner.evaluate(agents, tasks, [Key(number, ("score", i)) for i in range(niches)])[0]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="quick-navigation")
    parser.add_argument("--niches", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(heading())
    tables = settings_for(Request({"run.preset": options.preset}, [], None, {}))
    sides = [wire(tables, workers) for workers in (1, 2)]
    pool = sides[1].ledger.learner
    pool.start()
    processes = [os.getpid(), *(worker.process.pid for worker in pool._others)]
    taken: list[list[tuple[float, float]]] = [[], []]
    for number in range(options.rounds + 1):
        scores = {}
        for side in (0, 1) if number % 2 else (1, 0):
            start, used = time.perf_counter(), cpu_seconds(processes)
            scores[side] = iteration(sides[side], options.niches, number)
            wall, used = time.perf_counter() - start, cpu_seconds(processes) - used
            if number:  # the first is a warm-up
                taken[side].append((wall, float(used.max())))
        np.testing.assert_array_equal(scores[0], scores[1])
    sides[1].close()
    print(f"{options.preset}, {options.niches} niches, {options.rounds} rounds: medians")
    for clock, title in enumerate(("wall-clock", "CPU of the path")):
        one, two = ([row[clock] for row in side] for side in taken)
        ratios = [a / b for a, b in zip(one, two, strict=True)]
        print(
            f"{title:16} one process {statistics.median(one):6.2f} s   two "
            f"{statistics.median(two):6.2f} s   ratio {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f}-{max(ratios):.2f}; must reach 1.70)"
        )


if __name__ == "__main__":
    main()
