"""Do agents that were trained on evolved tasks adapt better to tasks that nobody generated?

    python -m benchmarks.reproduce_adaptation > benchmarks/results/reproduce_adaptation.txt
    python -m benchmarks.reproduce_adaptation --steps 100000 --trials 10   # a minute

`openpoet reproduce adaptation` at a reduced scale: RL^2 and a policy without memory (`ppo`) on
navigation, three seeds of 1.5 million steps a training, about 7 minutes of one core. Runs are in
build/adaptation/ and continue there; the tables are CSV files in build/adaptation/tables.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.heading import heading
from openpoet.cli.main import main as openpoet

# More of the steps are training and more environments are evolved than with the preset.
SETTINGS = (
    "rl2.test_trials=32",
    "poet.mutate_every=4",
    "poet.transfer_every=8",
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--family", default="navigation")
    parser.add_argument("--learners", nargs="+", default=["rl2", "ppo"])
    parser.add_argument("--seeds", type=int, default=3, help="number of training seeds")
    parser.add_argument("--steps", type=int, default=1_500_000, help="of each training")
    parser.add_argument("--trials", type=int, default=100, help="in each world of a test")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="of trainings")
    options = parser.parse_args()
    print(heading(), flush=True)
    folder = Path("build") / "adaptation"  # relative: results have no paths of a machine
    words = ["--family", options.family, "--steps", str(options.steps)]
    words += ["--seeds", str(options.seeds), "--trials", str(options.trials), "--workers", "1"]
    for option, values in (("--learner", options.learners), ("--set", (*SETTINGS, *options.set))):
        words += [word for value in values for word in (option, value)]
    words += ["--runs", str(folder / options.family), "--out", str(folder / "tables")]
    return openpoet(["reproduce", "adaptation", *words])


if __name__ == "__main__":
    sys.exit(main())
