"""POET with agents that adapt: the preset quick-navigation by the command, read from the archive.

The area of possible goals evolves. Claims: niches of growing difficulty, transfers between niches,
and in every active niche at the end a higher score after adaptation than before, on new draws.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.claims.claim import Claim
from benchmarks.heading import ROOT
from openpoet.agents.assessment import assess
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.archive.store.run_folder import Run
from openpoet.cli.settings.tables import build, preset
from openpoet.envs.navigation import Goals, Navigation, NavigationSettings
from openpoet.poet.streams import Key

TEST_TRIALS = 512  # per assessment


def difficulty(task: Goals) -> float:
    """The size of the area of goals: the largest distance times the arc length there."""
    far = task.distance + task.spread
    return far * far * max(task.width, 0.1)


def claims() -> list[Claim]:
    tables = preset("quick-navigation")
    family = Navigation(build(NavigationSettings, tables["navigation"], "navigation"))
    learner = RL2(family, build(RL2Config, tables["rl2"], "rl2"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        command = [
            sys.executable,
            str(ROOT / "run.py"),
            "launch",
            "--family",
            "navigation",
            "--seed",
            "1",
        ]
        subprocess.run([*command, "--out", str(path)], cwd=ROOT, check=True, stdout=sys.stderr)
        with Run.open(path, write=False) as run:
            niches, transfers = run.niche_rows(), run.rows("transfers")
            agents = run.agents_named(row["agent"] for row in niches)
    tasks = {row["id"]: family.decode(row["task"]) for row in niches}
    alive = [row for row in niches if row["died"] is None]
    found = []
    for row in alive:
        task = tasks[row["id"]]
        found.append(
            assess(
                learner, agents[row["agent"]], task, Key(99, ("held out", row["id"])), TEST_TRIALS
            )
        )
        print(
            f"niche {row['id']}: {family.title(task)}: before {found[-1].before}, after "
            f"{found[-1].after}, gain {found[-1].gain}, adaptation off {found[-1].off}, shuffled "
            f"history {found[-1].shuffled}"
        )
    origin, hardest = difficulty(tasks[0]), [difficulty(tasks[row["id"]]) for row in alive]
    moved = sum(row["accepted"] and not row["at_birth"] for row in transfers)
    return [
        Claim("number of niches", len(niches), 6),
        Claim(
            "mean difficulty of active niches, relative to the origin",
            float(np.mean(hardest)) / origin,
            2.0,
        ),
        Claim("accepted transfers between niches", moved, 1),
        Claim(
            "smallest gain of adaptation in an active niche, new draws",
            min(x.gain.value for x in found),
            0.0,
        ),
        Claim("mean gain", float(np.mean([x.gain.value for x in found])), 1.0),
    ]
