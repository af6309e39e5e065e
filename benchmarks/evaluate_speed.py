"""Processor time of `openpoet evaluate` on the first worlds of solvable-10k, in fresh processes.

python -m benchmarks.evaluate_speed > benchmarks/results/evaluate_speed.txt
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.heading import heading

WORLDS = (20, 200, 500)
AGENT = ("--select", "id == 155")  # one of the museum


def seconds(words: list[str], folder: Path) -> float:
    """Processor time of the command, with its threads and start."""
    before = os.times()
    command = [sys.executable, "-m", "openpoet", *words, "--out", str(folder / "record.json")]
    subprocess.run(command, check=True, capture_output=True)
    after = os.times()
    spent = after.children_user + after.children_system
    return spent - before.children_user - before.children_system


def main() -> int:
    print(heading())
    print("seconds of processor time, one agent, two episodes a world, most likely actions")
    common = ["evaluate", "museum", *AGENT, "--actions", "mean", "--validation", "none"]
    with tempfile.TemporaryDirectory() as folder:
        for worlds in WORLDS:
            words = [*common, "--suite", "solvable-10k", "--worlds", str(worlds)]
            print(f"{worlds:4d} worlds: {seconds(words, Path(folder)):.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
