"""One iteration of a niche of `quick-navigation` (RL^2) on one core, compared with an earlier
commit.

    python -m benchmarks.quick_navigation --before 4e543d4 > benchmarks/results/quick_navigation.txt

The earlier commit is checked out into a temporary worktree and measured in a separate process; the
two alternate. CPU seconds of one thread: an improvement step of 128 trials, and an evaluation of
128. The returns differ, since the order of sums differs.
"""

from __future__ import annotations

import argparse
import inspect
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.heading import heading

ROOT = Path(__file__).resolve().parent.parent
TURNS = 5


def measure() -> None:
    """Print CPU seconds of improvements and evaluations, a line for each input line."""
    import torch

    from openpoet.cli.parts import settings_for
    from openpoet.cli.settings.resolving import Request
    from openpoet.cli.wiring import wire
    from openpoet.poet.streams import Key

    torch.set_num_threads(1)
    parts = wire(settings_for(Request({"run.preset": "quick-navigation"}, [], None, {})), 1)
    learner, tasks = parts.ledger, [parts.setup.family.origin()]
    agent = learner.init(Key(0, ("agent",)))
    for number, _ in enumerate(sys.stdin):
        start = time.process_time()
        (agent,), _ = learner.improve([agent], tasks, [Key(number, ("learn",))])
        middle = time.process_time()
        learner.evaluate([agent], tasks, [Key(number, ("score",))])
        print(middle - start, time.process_time() - middle, flush=True)


def started(tree: Path) -> subprocess.Popen[str]:
    """Start `measure` in another process, with the code of this tree."""
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys, time\n{inspect.getsource(measure)}\nmeasure()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tree)},
        cwd=tree,
    )


def turn(process: subprocess.Popen[str]) -> tuple[float, float]:
    assert process.stdin is not None
    assert process.stdout is not None
    print(file=process.stdin, flush=True)
    improved, evaluated = map(float, process.stdout.readline().split())
    return improved, evaluated


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--before", default="4e543d4", help="the earlier commit")
    options = parser.parse_args()
    print(heading())
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "before"
        subprocess.run(
            ["git", "worktree", "add", "--detach", "--quiet", str(tree), options.before],
            cwd=ROOT,
            check=True,
        )
        processes = [started(tree), started(ROOT)]
        try:
            found = [[turn(process) for process in processes] for _ in range(TURNS + 1)][1:]
        finally:
            for process in processes:
                process.kill()
                process.wait()
            subprocess.run(
                ["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=True
            )
    rows = {
        "improve": [(before[0], now[0]) for before, now in found],
        "evaluate": [(before[1], now[1]) for before, now in found],
        "both": [(sum(before), sum(now)) for before, now in found],
    }
    print(f"CPU seconds, medians of {TURNS} rounds, before ({options.before}) and now:")
    for name, pairs in rows.items():
        before, now = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratios = [one / two for one, two in pairs]
        print(
            f"  {name:9} {before:6.3f} {now:6.3f}   {statistics.median(ratios):.2f} times "
            f"({min(ratios):.2f}-{max(ratios):.2f}; both together must reach 1.50)"
        )


if __name__ == "__main__":
    main()
