"""20 SIGKILLs at random times, each followed by `resume`: the digest must equal that of an
uninterrupted run.

    python -m benchmarks.kill_and_resume [--kills 20]

The number of workers also changes at each resume. Prints machine, commit, command and
both digests; exits 1 if they differ or if fewer kills than requested
hit a running process.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.heading import ROOT, heading

# Takes minutes, and has all events of a run: births, retirements, PATA-EC, both kinds of transfer.
SETTINGS = (
    "es.population=8", "walker.horizon=60", "poet.mutate_every=2", "poet.transfer_every=2",
    "poet.capacity=4",
    "poet.reproduce_at=-200.0", "poet.mc_low=-200.0", "poet.mc_high=300.0", "poet.max_admitted=2",
    "poet.children=4",
    "poet.novelty=pata-ec",
)  # fmt: skip


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "run.py"), *arguments]


def launch(folder: Path, iterations: int, workers: int) -> list[str]:
    changes = [word for setting in SETTINGS for word in ("--set", setting)]
    return command(
        "launch",
        "--out",
        str(folder),
        "--seed",
        "3",
        "--iterations",
        str(iterations),
        "--workers",
        str(workers),
        *changes,
    )


def digest(folder: Path) -> str:
    return subprocess.run(
        command("digest", str(folder)), capture_output=True, text=True, check=True
    ).stdout.strip()


def kill_and_resume(
    folder: Path, iterations: int, kills: int, longest: float, rng: random.Random
) -> int:
    """Kill the process until `kills` kills hit a running process, then let it finish.
    Returns their number.
    """
    hits, start = 0, launch(folder, iterations, 1)
    while True:
        process = subprocess.Popen(
            start, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        if hits < kills:
            # From the start of the process, before anything is written, to well into the
            # iterations.
            try:
                process.wait(rng.uniform(0.0, longest))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                hits += 1
        _, error = process.communicate()
        if process.returncode == 0:
            return hits
        if process.returncode != -signal.SIGKILL:
            raise SystemExit(f"the run ended by itself: {error.strip()}")
        started = (folder / "archive.db").exists()
        go_on = command("resume", str(folder), "--workers", str(1 + hits % 2))
        start = go_on if started and _resumable(folder) else launch(folder, iterations, 1)
        print(f"kill {hits}: {'resume' if start is go_on else 'launch again'}", flush=True)


def _resumable(folder: Path) -> bool:
    """Whether the launch made its first commit."""
    return (
        subprocess.run(command("show", str(folder)), capture_output=True, check=False).returncode
        == 0
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument(
        "--longest", type=float, default=12.0, help="latest time of a kill after a start [s]"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the times of the kills")
    options = parser.parse_args()
    print(heading())
    with tempfile.TemporaryDirectory() as place:
        uninterrupted, killed = Path(place) / "uninterrupted", Path(place) / "killed"
        began = time.monotonic()
        subprocess.run(
            launch(uninterrupted, options.iterations, 2), stdout=subprocess.DEVNULL, check=True
        )
        print(
            f"uninterrupted: {time.monotonic() - began:.0f} s, digest {digest(uninterrupted)}",
            flush=True,
        )
        hits = kill_and_resume(
            killed, options.iterations, options.kills, options.longest, random.Random(options.seed)
        )
        same = digest(uninterrupted) == digest(killed)
        print(
            f"{hits} kills: digest {digest(killed)}\nequal: {same} ({options.kills} kills "
            "requested)"
        )
    return 0 if same and hits >= options.kills else 1


if __name__ == "__main__":
    sys.exit(main())
