"""Curricula for one agent on the walker at a small scale: equal steps, three seeds each.

    python -m benchmarks.ued_methods > benchmarks/results/ued_methods.txt

Trains with the preset `quick-curriculum` (tracks of 60 tiles) until a run has taken 4 million steps
for all purposes, then compares all agents on the full-length worlds of `dcd-6`. Runs are in
build/ued/ and continue there if they were interrupted. Scores at this scale are not comparable with
published ones: those agents had 1 to 2 thousand million steps on full-length tracks.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openpoet
from benchmarks.heading import heading
from benchmarks.resumable import BUILD

METHODS = ("dr", "robust-plr", "accel", "sfl")
SEEDS = (1, 2, 3)
CHUNK = 10  # iterations after which the steps of a run are looked at


def command(*arguments: str) -> str:
    """The output of an openpoet command; an error of it is raised with its message."""
    done = subprocess.run(
        [sys.executable, "-m", "openpoet", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"openpoet {' '.join(arguments)}: {done.stderr[-500:]}")
    return done.stdout


def trained(method: str, seed: int, budget: int) -> Path:
    """The run of a method with that seed, which has taken at least so many environment steps."""
    path = BUILD / "ued" / f"{method}-s{seed}"
    if not path.exists():
        parts = ("--preset", "quick-curriculum", "--curriculum", method, "--seed", str(seed))
        length = ("--iterations", str(CHUNK), "--workers", "1")
        command("launch", *parts, *length, "--out", str(path))
    while True:
        with openpoet.open(path) as run:
            steps, iteration = run.reader.steps(), run.iteration
        if steps >= budget:
            print(f"{path.name}: {steps:,} steps", file=sys.stderr, flush=True)
            return path
        command("resume", str(path), "--iterations", str(iteration + CHUNK), "--workers", "1")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=4_000_000, help="of each run")
    parser.add_argument("--episodes", type=int, default=20, help="of an agent in a world")
    options = parser.parse_args()
    print(heading())
    wanted = [(method, seed) for seed in SEEDS for method in METHODS]
    with ThreadPoolExecutor(2) as pool:  # each run is a process with one thread
        runs = list(pool.map(lambda one: trained(*one, options.steps), wanted))
    suite = ("--suite", "dcd-6", "--episodes", str(options.episodes), "--validation", "none")
    print(command("compare", *map(str, sorted(runs)), *suite, "--out", str(BUILD / "ued-compared")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
