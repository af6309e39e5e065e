"""20 SIGKILLs at random moments, each followed by `resume`, against an undisturbed run: the digests
must be equal.

    python -m benchmarks.kill_and_resume [--kills 20]

The resumed run also changes its number of workers each time. Prints machine, commit, command and
both digests; exits 1 if they differ or fewer kills than asked for struck a living run.
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

# Done in minutes, with all that a run can do: births, retirements, PATA-EC, both kinds of transfer.
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
    """Kills until `kills` have struck, then lets the run end. Returns how many struck."""
    struck, start = 0, launch(folder, iterations, 1)
    while True:
        process = subprocess.Popen(
            start, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        if struck < kills:
            # From the very first moment, the launch before anything is written, to well into the
            # iterations.
            try:
                process.wait(rng.uniform(0.0, longest))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                struck += 1
        _, error = process.communicate()
        if process.returncode == 0:
            return struck
        if process.returncode != -signal.SIGKILL:
            raise SystemExit(f"the run ended by itself: {error.strip()}")
        started = (folder / "archive.db").exists()
        go_on = command("resume", str(folder), "--workers", str(1 + struck % 2))
        start = go_on if started and _resumable(folder) else launch(folder, iterations, 1)
        print(f"kill {struck}: {'resume' if start is go_on else 'launch again'}", flush=True)


def _resumable(folder: Path) -> bool:
    """Whether the launch got as far as its first commit."""
    return (
        subprocess.run(command("show", str(folder)), capture_output=True, check=False).returncode
        == 0
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument(
        "--longest", type=float, default=12.0, help="latest moment of a kill after a start [s]"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    print(heading())
    with tempfile.TemporaryDirectory() as place:
        calm, rough = Path(place) / "calm", Path(place) / "rough"
        began = time.monotonic()
        subprocess.run(launch(calm, options.iterations, 2), stdout=subprocess.DEVNULL, check=True)
        print(f"undisturbed: {time.monotonic() - began:.0f} s, digest {digest(calm)}", flush=True)
        struck = kill_and_resume(
            rough, options.iterations, options.kills, options.longest, random.Random(options.seed)
        )
        same = digest(calm) == digest(rough)
        print(
            f"{struck} kills: digest {digest(rough)}\nequal: {same} ({options.kills} kills asked "
            "for)"
        )
    return 0 if same and struck >= options.kills else 1


if __name__ == "__main__":
    sys.exit(main())
