"""Curricula for one agent on the walker: equal environment steps, scored on ACCEL's test worlds.

    python -m benchmarks.ued_methods > benchmarks/results/ued_methods.txt
    python -m benchmarks.ued_methods --preset quick-curriculum --steps 4000000   # 15 minutes

Trains every method with the preset `dcd` until a run has taken 50 million steps for all purposes,
about 17 minutes of one core a run, and scores the students on the worlds of `dcd-6` and `rose` with
sampled actions, as published (arXiv 2203.01302; agents with 1 to 2 thousand million steps).

Runs are in build/ued/ and continue there. The scores of a finished run are kept as a record in
benchmarks/results/ued/, so that seeds can be added later: what has a record is not trained again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpoet
from benchmarks.heading import heading
from benchmarks.resumable import BUILD
from openpoet.arena.population import entries
from openpoet.arena.scores import Scores
from openpoet.arena.suite_comparison import Result, by_way, improvement_table, suite_table
from openpoet.cli.table_files import print_table

# The last one: domain randomisation over the terrains of the museum, which POET has evolved in 110
# million steps that are not counted here.
METHODS = {name: ("--curriculum", name) for name in ("dr", "robust-plr", "accel", "sfl")} | {
    "poet-tasks": ("--from", "museum", "--take", "tasks", "--curriculum", "dr")
}
SEEDS = (1, 2, 3)
PRESET, STEPS = "dcd", 50_000_000
POINTS = 5  # of a student's curve
SUITES = ("dcd-6", "rose")
KEPT = Path(__file__).parent / "results" / "ued"

Record = dict[str, Any]  # seed, method, curve, and by suite what Scores.to_json gives


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
    def record(self) -> Path:
        folder = KEPT if (self.preset, self.budget) == (PRESET, STEPS) else BUILD / "ued"
        return folder / f"{self.method}-s{self.seed}.json"

    def finished(self) -> Record:
        """The record of the run; it is trained if there is none."""
        if not self.record.exists():
            curve = self.curve()
            scores = {suite: self.scores(suite, 100).to_json() for suite in SUITES}
            found = {"method": self.method, "seed": self.seed, "curve": curve, **scores}
            self.record.parent.mkdir(parents=True, exist_ok=True)
            self.record.write_text(f"{json.dumps(rounded(found))}\n")
        return dict(json.loads(self.record.read_text()))

    def curve(self) -> list[list[float]]:
        """Steps and mean return of the student on dcd-6, at POINTS points of the training."""
        kept = self.path.with_suffix(".curve.json")
        found = json.loads(kept.read_text()) if kept.exists() else []
        for point in range(len(found) + 1, POINTS + 1):
            steps = self.trained(self.budget * point // POINTS)
            found.append([steps, float(self.scores("dcd-6", 20).returns.mean())])
            kept.write_text(json.dumps(found))
            print(f"{self.path.name}: {found[-1]}", file=sys.stderr, flush=True)
        return list(found)

    def trained(self, wanted: int) -> int:
        """Trains until the run has taken so many steps; those that it has taken."""
        if not self.path.exists():
            parts = ("--preset", self.preset, *METHODS[self.method], "--seed", str(self.seed))
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


def print_records(records: Sequence[Record]) -> None:
    print("mean return on dcd-6 (20 episodes a world) against environment steps:")
    for one in records:
        points = ", ".join(f"{steps / 1e6:.1f} M {mean:.0f}" for steps, mean in one["curve"])
        print(f"  {one['method']}, seed {one['seed']}: {points}")
    for suite in SUITES:
        print(f"\n{suite}, 100 episodes a world, mean return:")
        found = results(records, suite)
        for result in found:
            pairs = zip(result.worlds, result.returns("mean"), strict=True)
            print(f"  {result.run}: {', '.join(f'{world} {value:.0f}' for world, value in pairs)}")
        print_table(suite_table(found))
        print_table(improvement_table(found))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default=PRESET, help="settings of all runs")
    parser.add_argument("--steps", type=int, default=STEPS, help="of each run")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=[*METHODS])
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--parallel", type=int, default=2, help="runs side by side, one core each")
    options = parser.parse_args()
    print(heading(), flush=True)
    runs = [
        Training(options.preset, method, seed, options.steps)
        for seed in options.seeds
        for method in options.methods
    ]
    with ThreadPoolExecutor(options.parallel) as pool:  # each run is a process with one thread
        print_records(list(pool.map(Training.finished, runs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
