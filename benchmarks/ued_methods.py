"""Curricula for one agent on the walker: equal environment steps, scored on ACCEL's test worlds.

    python -m benchmarks.ued_methods > benchmarks/results/ued_methods.txt
    python -m benchmarks.ued_methods --preset quick-curriculum --steps 4000000   # 15 minutes

Trains every method with the preset `dcd` until a run has taken 50 million steps for all purposes,
about 17 minutes of one core a run, and compares all agents on the worlds of `dcd-6` and `rose`
with sampled actions, as published. Runs are in build/ued/ and continue there. A finished run is
also kept as a pack in benchmarks/results/ued/, with the curve of its student's returns, so that
seeds can be added later: what has a pack is not trained again.

The published agents (arXiv 2203.01302) had 1 to 2 thousand million steps.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import openpoet
from benchmarks.heading import heading
from benchmarks.resumable import BUILD

METHODS = ("dr", "robust-plr", "accel", "sfl")
SEEDS = (1, 2, 3)
PRESET, STEPS = "dcd", 50_000_000
POINTS = 5  # of a student's curve
KEPT = Path(__file__).parent / "results" / "ued"


def command(*arguments: str) -> str:
    """The output of an openpoet command; an error of it is raised with its message."""
    done = subprocess.run(
        [sys.executable, "-m", "openpoet", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"openpoet {' '.join(arguments)}: {done.stderr[-500:]}")
    return done.stdout


@dataclass(frozen=True)
class Training:
    """A run of a method with a seed, up to a number of environment steps."""

    preset: str
    method: str
    seed: int
    budget: int

    @property
    def path(self) -> Path:
        return BUILD / "ued" / f"{self.preset}-{self.method}-s{self.seed}"

    @property
    def pack(self) -> Path:
        folder = KEPT if (self.preset, self.budget) == (PRESET, STEPS) else BUILD / "ued"
        return folder / f"{self.method}-s{self.seed}.poet"

    def finished(self) -> Path:
        """The pack of the run; it is trained if there is none."""
        if not self.pack.exists():
            rows = list(self.curve())
            with self.pack.with_suffix(".csv").open("w", newline="") as file:
                csv.writer(file).writerows([("steps", "mean return on dcd-6"), *rows])
            only = ("--acting", "--select", "id == 0")
            command("export", str(self.path), *only, "--out", str(self.pack))
        return self.pack

    def curve(self) -> Iterator[tuple[int, float]]:
        """Steps and mean return of the student on dcd-6, at POINTS points of the training."""
        self.pack.parent.mkdir(parents=True, exist_ok=True)
        for point in range(1, POINTS + 1):
            steps = self.trained(self.budget * point // POINTS)
            mean = self.score()
            print(f"{self.path.name}: {steps:,} steps, {mean:.1f}", file=sys.stderr, flush=True)
            yield steps, mean

    def trained(self, wanted: int) -> int:
        """Trains until the run has taken so many steps; those that it has taken."""
        if not self.path.exists():
            parts = ("--preset", self.preset, "--curriculum", self.method, "--seed", str(self.seed))
            command(
                "launch", *parts, "--iterations", "1", "--workers", "1", "--out", str(self.path)
            )
        while True:
            with openpoet.open(self.path) as run:
                steps, iteration = run.reader.steps(), run.iteration
            if steps >= wanted:
                return steps
            more = max(1, (wanted - steps) * iteration // steps)  # of the length so far
            length = ("--iterations", str(iteration + more), "--workers", "1")
            command("resume", str(self.path), *length)

    def score(self) -> float:
        """Mean return of the student over the worlds of dcd-6, 20 episodes each."""
        options = ("--suite", "dcd-6", "--episodes", "20", "--actions", "sampled")
        record = command("evaluate", str(self.path), *options, "--json", "--workers", "1")
        return float(np.mean(json.loads(record)["scores"]["sampled"]["returns"]))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default=PRESET, help="settings of all runs")
    parser.add_argument("--steps", type=int, default=STEPS, help="of each run")
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--episodes", type=int, default=100, help="of an agent in a world")
    parser.add_argument("--parallel", type=int, default=2, help="runs side by side, one core each")
    options = parser.parse_args()
    print(heading(), flush=True)
    runs = [
        Training(options.preset, method, seed, options.steps)
        for seed in options.seeds
        for method in options.methods
    ]
    with ThreadPoolExecutor(options.parallel) as pool:  # each run is a process with one thread
        packs = [str(pack) for pack in sorted(pool.map(Training.finished, runs))]
    for suite in ("dcd-6", "rose"):
        parts = ("--suite", suite, "--episodes", str(options.episodes), "--actions", "sampled")
        print(command("compare", *packs, *parts, "--out", str(BUILD / f"ued-{suite}")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
