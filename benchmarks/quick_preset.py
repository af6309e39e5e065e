"""A quick preset with several seeds: the time of each milestone, and the memory used.

    python -m benchmarks.quick_preset [--preset quick] [--seeds 1 2 3] [--minutes 15]

Each run is the README's command with another seed, stopped with Ctrl-C after the minutes given.
Prints machine, commit, command and for each seed the time of each milestone: flat ground crossed
(niche 0 solved), 4 active niches, the first accepted transfer between niches. Exits 1 if a seed
misses one of them or uses 2 GB.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.heading import ROOT, heading

LIMIT = 2 * 10**9  # bytes


def minutes(database: Path, query: str) -> float | None:
    """Wall-clock minutes until the end of the first iteration that the query returns."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as archive:
        (iteration,) = archive.execute(query).fetchone()
        if iteration is None:
            return None
        clock = "SELECT SUM(clock_seconds) FROM iterations WHERE iteration <= ?"
        return archive.execute(clock, (iteration,)).fetchone()[0] / 60


MILESTONES = {
    "flat ground crossed": "SELECT solved + 1 FROM niches WHERE id = 0",
    "4 niches alive": "SELECT MIN(iteration) FROM iterations WHERE active >= 4",
    "transfer accepted": "SELECT MIN(iteration) + 1 FROM transfers WHERE accepted AND NOT at_birth",
}


def run(folder: Path, preset: str, seed: int, limit: float) -> int:
    """Launch a preset for at most `limit` minutes. Returns the peak memory of the process
    [bytes].
    """
    command = [
        sys.executable,
        str(ROOT / "run.py"),
        "launch",
        "--preset",
        preset,
        "--seed",
        str(seed),
        "--out",
        str(folder),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    end, interrupted = time.monotonic() + limit * 60, False
    while True:
        done, _, usage = os.wait4(process.pid, os.WNOHANG)
        if done:
            return usage.ru_maxrss * 1024
        if time.monotonic() > end and not interrupted:
            process.send_signal(signal.SIGINT)
            interrupted = True
        time.sleep(0.5)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--keep", type=Path, help="folder for the runs; a temporary one by default")
    options = parser.parse_args()
    print(heading(), flush=True)
    good = True
    with tempfile.TemporaryDirectory() as temporary:
        for seed in options.seeds:
            folder = (options.keep or Path(temporary)) / f"{options.preset}_s{seed}"
            memory = run(folder, options.preset, seed, options.minutes)
            reached = {
                name: minutes(folder / "archive.db", query) for name, query in MILESTONES.items()
            }
            times = ", ".join(
                f"{name} {'never' if at is None else f'{at:.1f} min'}"
                for name, at in reached.items()
            )
            print(f"seed {seed}: {times}; largest memory {memory / 1e9:.2f} GB", flush=True)
            good &= (
                all(at is not None and at <= options.minutes for at in reached.values())
                and memory < LIMIT
            )
    print(f"claim: all three in every seed within {options.minutes:g} minutes, under 2 GB: {good}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
