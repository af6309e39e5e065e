"""POET runs with agents that adapt, from a preset: births, transfers and gains from adaptation.

An interrupted run continues from its folder in build/.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from benchmarks.claims.claim import Claim
from benchmarks.heading import ROOT
from benchmarks.resumable import BUILD
from openpoet.agents.assessment import assess
from openpoet.archive.store.run_folder import Run
from openpoet.cli.parts import make_part, settings_for
from openpoet.cli.settings.resolving import Request
from openpoet.poet.streams import Key

SEED, TEST_TRIALS = 1, 64  # per assessment


def claims_of(preset: str) -> list[Claim]:
    """Claims about a run of the preset with seed 1, read from its archive."""
    tables = settings_for(Request({"run.preset": preset}, [], None, {}))
    family = make_part("family", tables, 1)
    learner = make_part("learner", tables, 1, family)
    path = BUILD / preset
    launch = ["launch", "--preset", preset, "--seed", str(SEED), "--out", str(path)]
    words = ["resume", str(path)] if path.exists() else launch
    command = [sys.executable, str(ROOT / "run.py"), *words, "--workers", "1"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
    with Run.open(path, write=False) as run:
        niches, transfers = run.niche_rows(), run.rows("transfers")
        agents = run.agents_named(row["agent"] for row in niches)
    gains = []
    for row in (row for row in niches if row["died"] is None):
        task, key = family.decode(row["task"]), Key(99, ("held out", row["id"]))
        found = assess(learner, agents[row["agent"]], task, key, TEST_TRIALS)
        gains.append(found.gain.value)
        print(
            f"niche {row['id']}: {family.title(task)}: before {found.before}, after {found.after}, "
            f"gain {found.gain}, adaptation off {found.off}"
        )
    moved = sum(row["accepted"] and not row["at_birth"] for row in transfers)
    return [
        Claim("niches born after the first", len(niches) - 1, 2),
        Claim("accepted transfers between niches", moved, 1),
        Claim("smallest gain in an active niche, new draws", min(gains), 0.0),
        Claim("mean gain", float(np.mean(gains)), 0.0),
    ]
