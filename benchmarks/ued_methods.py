"""Curricula for one agent: equal environment steps, scored on a suite's worlds, with risk curves.

    python -m benchmarks.ued_methods > benchmarks/results/ued_methods.txt
    python -m benchmarks.ued_methods --preset quick-curriculum --steps 4000000   # 15 minutes
    python -m benchmarks.ued_methods --kept     # the seeds so far; nothing is trained
    python -m benchmarks.ued_methods --family maze > benchmarks/results/ued_mazes.txt

On the walker, trains every method with the preset `dcd` until a run has taken 50 million steps for
all purposes, about 17 minutes of one core a run, and scores the students on the worlds of `dcd-6`
and `rose` with sampled actions, as published (arXiv 2203.01302; agents with 1 to 2 thousand million
steps). On mazes, PPO without memory for a million steps, a minute of one core a run.

Runs are in build/ued/ and continue there. The scores of a finished run are kept as a record in
benchmarks/results/ued/, or ued-maze/, so that seeds can be added later: what has a record is not
trained again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openpoet
from benchmarks.heading import heading
from benchmarks.resumable import BUILD
from openpoet.arena.population import entries
from openpoet.arena.scores import Scores
from openpoet.arena.suite_comparison import (
    Result,
    by_way,
    improvement_table,
    risk_table,
    suite_table,
)
from openpoet.cli.table_files import print_table

# The last one: domain randomisation over the terrains of the museum, which POET has evolved in 333
# million steps that are not counted here.
FROM_POET = "poet-tasks"
METHODS = {name: ("--curriculum", name) for name in ("dr", "robust-plr", "accel", "sfl")} | {
    FROM_POET: ("--from", "museum", "--take", "tasks", "--curriculum", "dr")
}
SEEDS = (1, 2, 3)
POINTS = 5  # of a student's curve
RESULTS = Path(__file__).parent / "results"

Record = dict[str, Any]  # seed, method, curve, and by suite what Scores.to_json gives


@dataclass(frozen=True)
class Benchmark:
    """What all runs have in common. words: of `launch`. kept: folder of the records of finished
    runs. The curve of a student is that of the first suite.
    """

    name: str
    words: tuple[str, ...]
    steps: int  # environment steps of a run
    suites: tuple[str, ...]
    kept: Path

    @property
    def folder(self) -> Path:
        """Where its runs are: those of other numbers of steps have other curves."""
        return BUILD / "ued" / f"{self.name}-{self.steps}"


WALKER = Benchmark("dcd", ("--preset", "dcd"), 50_000_000, ("dcd-6", "rose"), RESULTS / "ued")
MAZE = Benchmark("maze", ("--family", "maze"), 1_000_000, ("mazes",), RESULTS / "ued-maze")


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

    benchmark: Benchmark
    method: str
    seed: int

    @property
    def path(self) -> Path:
        return self.benchmark.folder / f"{self.method}-s{self.seed}"

    @property
    def record(self) -> Path:
        return self.benchmark.kept / f"{self.method}-s{self.seed}.json"

    def finished(self) -> Record:
        """The record of the run; it is trained if there is none."""
        if not self.record.exists():
            curve = self.curve()
            scores = {s: self.scores(s, 100).to_json() for s in self.benchmark.suites}
            found = {"method": self.method, "seed": self.seed, "curve": curve, **scores}
            self.record.parent.mkdir(parents=True, exist_ok=True)
            self.record.write_text(f"{json.dumps(rounded(found))}\n")
        return dict(json.loads(self.record.read_text()))

    def curve(self) -> list[list[float]]:
        """Steps and mean return of the student on a suite, at POINTS points of the training."""
        kept = self.path.with_suffix(".curve.json")
        found = json.loads(kept.read_text()) if kept.exists() else []
        for point in range(len(found) + 1, POINTS + 1):
            steps = self.trained(self.benchmark.steps * point // POINTS)
            scores = self.scores(self.benchmark.suites[0], 20)
            found.append([steps, float(scores.returns.mean())])
            kept.write_text(json.dumps(found))
            name = self.path.relative_to(BUILD)
            print(f"{name}: {found[-1]}", file=sys.stderr, flush=True)
        return list(found)

    def trained(self, wanted: int) -> int:
        """Trains until the run has taken so many steps; those that it has taken."""
        if not self.path.exists():
            parts = (*self.benchmark.words, *METHODS[self.method], "--seed", str(self.seed))
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

    def scores(self, suite: str, episodes: int) -> Scores:
        """The student's episodes on a suite."""
        options = ("--suite", suite, "--episodes", str(episodes), "--actions", "sampled")
        parts = ("--validation", "none", "--json", "--workers", "1")
        record = command("evaluate", str(self.path), *options, *parts)
        return Scores.from_json(json.loads(record)["scores"]["sampled"])


def rounded(value: Any) -> Any:
    """The value with two decimals in every number."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return round(value, 2) if isinstance(value, float) else value


def results(records: Sequence[Record], suite: str) -> list[Result]:
    """The runs on a suite."""
    found = []
    for one in records:
        scores = Scores.from_json(one[suite])
        name, ways = f"{one['method']}-s{one['seed']}", by_way(entries(scores, None))
        found.append(Result(name, one["method"], one["seed"], scores.worlds, ways))
    return found


def print_records(benchmark: Benchmark, records: Sequence[Record]) -> None:
    print(f"mean return on {benchmark.suites[0]} (20 episodes a world) against environment steps:")
    for one in records:
        points = ", ".join(f"{steps / 1e6:.1f} M {mean:.3g}" for steps, mean in one["curve"])
        print(f"  {one['method']}, seed {one['seed']}: {points}")
    for suite in benchmark.suites:
        print(f"\n{suite}, 100 episodes a world, mean return:")
        found = results(records, suite)
        for result in found:
            pairs = zip(result.worlds, result.returns("mean"), strict=True)
            print(f"  {result.run}: {', '.join(f'{world} {value:.3g}' for world, value in pairs)}")
        print_table(suite_table(found))
        print_table(improvement_table(found))
        print_table(risk_table(found))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--family", choices=("walker", "maze"), default="walker")
    parser.add_argument("--preset", help="settings of all runs, instead of the benchmark's")
    parser.add_argument("--steps", type=int, help="of each run")
    parser.add_argument("--methods", nargs="+", choices=METHODS)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--kept", action="store_true", help="print kept records, train nothing")
    parser.add_argument("--parallel", type=int, default=2, help="runs side by side, one core each")
    options = parser.parse_args()
    benchmark = MAZE if options.family == "maze" else WALKER
    if options.preset or options.steps:  # not the benchmark itself: records stay in build/
        name, steps = options.preset or benchmark.name, options.steps or benchmark.steps
        words = ("--preset", options.preset) if options.preset else benchmark.words
        benchmark = Benchmark(name, words, steps, benchmark.suites, Path())
        benchmark = replace(benchmark, kept=benchmark.folder)
    methods = options.methods or [
        m for m in METHODS if options.family == "walker" or m != FROM_POET
    ]
    print(heading(), flush=True)
    runs = [Training(benchmark, method, seed) for seed in options.seeds for method in methods]
    if options.kept:
        runs = [run for run in runs if run.record.exists()]
    with ThreadPoolExecutor(options.parallel) as pool:  # each run is a process with one thread
        print_records(benchmark, list(pool.map(Training.finished, runs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
