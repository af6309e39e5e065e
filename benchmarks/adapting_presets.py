"""POET runs with agents that adapt, from a preset: births, transfers and gains from adaptation.

An interrupted run continues from its folder in build/.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import openpoet
from benchmarks.claims.claim import Claim
from benchmarks.heading import ROOT
from benchmarks.resumable import BUILD
from openpoet.agents.assessment import Assessment, assess
from openpoet.archive.store.run_folder import Run
from openpoet.cli.parts import make_part, settings_for
from openpoet.cli.settings.resolving import Request
from openpoet.poet.interfaces import Task, TaskFamily
from openpoet.poet.streams import Key

SEED = 1


@dataclass(frozen=True)
class Finished:
    """A run that has ended. niches, transfers: rows of the archive. tasks, assessments: of the
    active niches by id, on draws that are not those of the run.
    """

    family: TaskFamily
    niches: Sequence[Mapping[str, Any]]
    transfers: Sequence[Mapping[str, Any]]
    tasks: Mapping[int, Task]
    assessments: Mapping[int, Assessment]

    def claims(self) -> list[Claim]:
        moved = sum(row["accepted"] and not row["at_birth"] for row in self.transfers)
        gains = [found.gain.value for found in self.assessments.values()]
        return [
            Claim("niches born after the first", len(self.niches) - 1, 2),
            Claim("accepted transfers between niches", moved, 1),
            Claim("smallest gain in an active niche, new draws", min(gains), 0.0),
            Claim("mean gain", float(np.mean(gains)), 0.0),
        ]


def finished(preset: str, *more: str, test_trials: int = 64, workers: int = 1) -> Finished:
    """The run of the preset with seed 1, and what adaptation gains in each active niche; printed.

    more: options of its launch. test_trials: draws of a niche's task in its assessment.
    """
    path = BUILD / preset
    launch = ["launch", "--preset", preset, "--seed", str(SEED), "--out", str(path), *more]
    words = ["resume", str(path)] if path.exists() else launch
    if not _ended(path):
        command = [sys.executable, str(ROOT / "run.py"), *words, "--workers", str(workers)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
    tables = settings_for(Request({"run.preset": preset}, [], None, {}))
    family = make_part("family", tables, 1)
    learner = make_part("learner", tables, 1, family)
    with openpoet.open(path) as whole:
        steps = whole.reader.steps()
        print(f"the run: {whole.iteration} iterations, {steps / 1e6:.1f} M steps")
    with Run.open(path, write=False) as run:
        niches, transfers = run.niche_rows(), run.rows("transfers")
        agents = run.agents_named(row["agent"] for row in niches)
    tasks, assessments = {}, {}
    for row in (row for row in niches if row["died"] is None):
        which = row["id"]
        task, key = family.decode(row["task"]), Key(99, ("held out", which))
        found = assess(learner, agents[row["agent"]], task, key, test_trials)
        tasks[which], assessments[which] = task, found
        print(
            f"niche {which}: {family.title(task)}: before {found.before}, after {found.after}, "
            f"gain {found.gain}, adaptation off {found.off}, another trial's state {found.shuffled}"
        )
    return Finished(family, niches, transfers, tasks, assessments)


def _ended(path: Path) -> bool:
    """Whether the run has all its iterations; `resume` refuses such a run."""
    if not path.exists():
        return False
    with openpoet.open(path) as run:
        return run.iteration >= int(run.settings["run"]["iterations"])
