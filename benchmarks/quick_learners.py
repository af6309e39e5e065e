"""PPO and evolution strategies as the learner of the quick preset: what each makes and solves.

    python -m benchmarks.quick_learners > benchmarks/results/quick_learners.txt

Runs the presets `quick` (PPO) and `quick-es` on the same tracks until each has used the processor
time of three minutes of two cores, and prints the terrains that were solved: their number, and the
largest roughness, gap and stump among them. A drop is a score below 0 of a niche that was solved
before: the agent fell in the one episode of its evaluation.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.heading import ROOT, heading
from openpoet.runs import Run

PRESETS = ("quick", "quick-es")
SECONDS = 360.0  # of CPU


def launch(preset: str, folder: Path, seed: int, seconds: float) -> None:
    """A run of the preset, stopped after the iteration in which its CPU time is used up."""
    options = ["--preset", preset, "--seed", str(seed), "--out", str(folder), "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), "launch", *options], stdout=subprocess.DEVNULL
    )
    while process.poll() is None and cpu_seconds(process.pid) < seconds:
        time.sleep(0.5)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.wait()


def cpu_seconds(process: int) -> float:
    """CPU seconds of a process so far; Linux only."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def largest(solved: list[Any], name: str) -> float:
    """The largest upper end of an obstacle's interval, or of the roughness."""
    found = [(niche.task["genome"][name] or 0.0) for niche in solved]
    return max((value[1] if isinstance(value, list) else value for value in found), default=0.0)


def report(preset: str, folder: Path) -> int:
    """Print what the run made and solved; the number of solved niches."""
    with Run(folder) as run:
        niches = run.niches
        solved = {niche.id: niche.solved for niche in niches if niche.solved is not None}
        hard = [niche for niche in niches if niche.id in solved]
        scores = [row for row in run.rows("scores") if row["niche"] in solved]
        after = [row for row in scores if row["iteration"] > solved[row["niche"]]]
        drops = sum(row["score"] is not None and row["score"] < 0 for row in after)
        steps = max(row["steps"] for row in run.rows("iterations"))  # of the run so far
    print(
        f"{preset:9} {steps / 1e6:6.1f} M steps, {len(niches)} niches, {len(hard)} solved; "
        f"largest solved: roughness {largest(hard, 'roughness'):.1f}, "
        f"gap {largest(hard, 'gap'):.1f}, stump {largest(hard, 'stump'):.1f}; "
        f"drops {100 * drops / max(1, len(after)):.1f} % of {len(after)} scores",
        flush=True,
    )
    return len(hard)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of CPU, for each run")
    parser.add_argument("--keep", type=Path, help="folder for the runs; a temporary one by default")
    options = parser.parse_args()
    print(heading(), flush=True)
    better = True
    with tempfile.TemporaryDirectory() as temporary:
        for seed in options.seeds:
            counts = []
            for preset in PRESETS:
                folder = (options.keep or Path(temporary)) / f"{preset}_s{seed}"
                if not folder.exists():
                    launch(preset, folder, seed, options.seconds)
                print(f"seed {seed}: ", end="")
                counts.append(report(preset, folder))
            better &= counts[0] > counts[1]
    print(f"claim: {PRESETS[0]} has solved more terrains in every seed: {better}")
    return 0 if better else 1


if __name__ == "__main__":
    sys.exit(main())
