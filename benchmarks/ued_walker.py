"""Training steps a second of the UED benchmark on the walker: updates of 32,768 steps, preset dcd.

python -m benchmarks.ued_walker [--curriculum NAME] [--updates N]

One thread; seconds of CPU, so that other programs on the machine do not count. Levels are those of
the curriculum's beginning, whose episodes are short: the first updates make most resets.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from itertools import islice

import torch

from benchmarks.heading import heading
from openpoet.cli.parts import settings_for
from openpoet.cli.settings.resolving import Request
from openpoet.cli.wiring import wire


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--curriculum", default="dr")
    parser.add_argument("--updates", type=int, default=6)
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(heading())
    options = {"run.preset": "dcd", "run.curriculum": given.curriculum}
    parts = wire(settings_for(Request(options)), 1)
    parts.setup.family.prepare(print)  # type: ignore[attr-defined]  # the walker's
    assert parts.course is not None, "the preset has a curriculum"
    parts = replace(parts, course=replace(parts.course, updates=1))
    populations = parts.further(parts.first(None))
    next(populations)  # compiles
    began, before = time.process_time(), parts.meter.steps
    for population in islice(populations, given.updates):
        now, steps = time.process_time(), parts.meter.steps
        rate = (steps - before) / (now - began)
        purposes = ", ".join(name.removeprefix("iteration/") for name in parts.ledger.drain())
        print(
            f"update {population.iteration}: {rate:,.0f} steps/s ({steps - before:,}; {purposes})"
        )
        began, before = now, steps


if __name__ == "__main__":
    main()
