"""The figures of docs/results.md, from committed results: `python docs/figures.py`.

Needs matplotlib (extra `plots`).
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
FIGURES = ROOT / "docs" / "results"
STEPS = "environment steps, all purposes [millions]"


def curricula() -> None:
    """Mean return on dcd-6 against steps, by curriculum: means over seeds, bands of one error."""
    from openpoet.arena.figures import lines_figure
    from openpoet.arena.statistics import mean

    curves = defaultdict(list)
    for file in sorted((RESULTS / "ued").glob("*.json")):
        record = json.loads(file.read_text())
        curves[record["method"]].append([value for _, value in record["curve"]])
        points = [steps / 1e6 for steps, _ in record["curve"]]
    lines = {name: [mean(at) for at in zip(*seeds, strict=True)] for name, seeds in curves.items()}
    xs = [round(point, -1) for point in points]
    lines_figure(lines, xs, (STEPS, "mean return, dcd-6"), FIGURES / "curricula.png")


def hardcore() -> None:
    """PPO on hardcore ground: mean return of fresh grounds against steps."""
    from openpoet.arena.figures import lines_figure
    from openpoet.arena.statistics import Mean

    text = (RESULTS / "acceptance_ppo_hardcore.txt").read_text()
    rows = re.findall(r"^ppo-hardcore: ([\d.]+) M steps, \d+ s of CPU: ([\d.-]+)$", text, re.M)
    lines = {"PPO, one core": [Mean(float(value), None) for _, value in rows]}
    xs = [float(steps) for steps, _ in rows]
    lines_figure(lines, xs, (STEPS, "mean return, hardcore"), FIGURES / "hardcore.png")


def main() -> None:
    sys.path.insert(0, str(ROOT))
    FIGURES.mkdir(exist_ok=True)
    curricula()
    hardcore()


if __name__ == "__main__":
    main()
