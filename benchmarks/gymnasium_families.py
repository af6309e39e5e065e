"""POET on three of Gymnasium's environments: niches created and solved, environment steps, seconds.

    python -m benchmarks.gymnasium_families [NAME ...] [--keep FOLDER]

Launches examples/NAME.toml (cartpole, pendulum, lunar_lander) on one core. Prints machine, commit,
command, and for each: niches created by mutation, how many of these were solved, the iteration at
which the origin was solved, environment steps, wall-clock and CPU seconds. Exits 1 if a run solved
no niche created by mutation.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.heading import ROOT, heading

NAMES = ("cartpole", "pendulum", "lunar_lander")
QUERIES = {
    "born": "SELECT COUNT(*) FROM niches WHERE id > 0",
    "solved": "SELECT COUNT(*) FROM niches WHERE id > 0 AND solved IS NOT NULL",
    "origin": "SELECT solved FROM niches WHERE id = 0",
    "iterations": "SELECT MAX(iteration) FROM iterations",
    "steps": "SELECT MAX(steps) FROM iterations",
}


def run(name: str, folder: Path) -> tuple[float, float]:
    """Launch the example on one core. Returns wall-clock and CPU seconds."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    arguments = [
        "launch",
        "--config",
        f"examples/{name}.toml",
        "--workers",
        "1",
        "--out",
        str(folder),
    ]
    began = time.monotonic()
    command = [sys.executable, "run.py", *arguments]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            log.seek(0)
            sys.exit(f"the launch of {name} failed: {log.read().decode()}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all by default"
    )
    parser.add_argument("--keep", type=Path, help="folder for the runs; a temporary one by default")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(
            f"there is no example {', '.join(sorted(unknown))}: there are {', '.join(NAMES)}"
        )
    print(heading(), flush=True)
    good = True
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.names or NAMES:
            folder = (options.keep or Path(temporary)) / name
            clock, processor = run(name, folder)
            with sqlite3.connect(f"file:{folder / 'archive.db'}?mode=ro", uri=True) as archive:
                found = {
                    key: archive.execute(query).fetchone()[0] for key, query in QUERIES.items()
                }
            origin = "never" if found["origin"] is None else f"at iteration {found['origin']}"
            print(
                f"{name}: {found['born']} niches born, {found['solved']} of them solved (origin "
                f"{origin} of {found['iterations']}); {found['steps'] / 1e6:.2f} M steps, "
                f"{clock:.0f} s, {processor:.0f} s of the processor",
                flush=True,
            )
            good &= found["solved"] > 0
    print(f"claim: POET evolves and solves niches in each: {good}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
