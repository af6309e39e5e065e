"""Acceptance tests of the learners: train from scratch, in minutes, and print numbers with bounds.

python -m benchmarks.acceptance rl2-bandit        # exits 1 if a number is out of bounds
python -m benchmarks.acceptance                   # lists the names
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from importlib import import_module
from pathlib import Path

import torch

from benchmarks.heading import heading

FOLDER = Path(__file__).parent / "claims"
NAMES = sorted(
    path.stem.replace("_", "-")
    for path in FOLDER.glob("*.py")
    if path.stem not in ("__init__", "claim")
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", help="one of: " + ", ".join(NAMES))
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        help="number of torch threads; sums depend on it up to rounding",
    )
    parser.add_argument(
        "--long", action="store_true", help="the long version, which takes hours, where available"
    )
    options = parser.parse_args()
    if options.name not in NAMES:
        print("names: " + ", ".join(NAMES), file=sys.stderr)
        return 0 if options.name is None else 2
    torch.set_num_threads(options.threads)
    print(heading())
    start = time.monotonic()
    module = import_module(f"benchmarks.claims.{options.name.replace('-', '_')}")
    if options.long and not hasattr(module, "long_claims"):
        print(f"{options.name} has no long version", file=sys.stderr)
        return 2
    claims = module.long_claims() if options.long else module.claims()
    for claim in claims:
        print(claim)
    # CPU time includes that of child processes
    print(f"{time.monotonic() - start:.0f} s, {sum(os.times()[:4]):.0f} s of CPU")
    return 0 if all(claim.holds for claim in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
