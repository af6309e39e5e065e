"""POET with RL^2 agents on walkers: the preset walker-adapt by the command, read from the archive.

Terrain and hidden bodies evolve together. Claims: eight active niches at the end, transfers between
niches, grounds with larger obstacles and bodies that vary more than in the first task, and in every
active niche a higher return in the last episode of a trial than in the first, on new draws.
Controls are printed: adaptation off, and the state of another trial.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.adapting_presets import Finished, finished
from benchmarks.claims.claim import Claim
from openpoet.envs.walker.body_genes import RANGES

TEST_TRIALS = 512  # standard error of a gain: about 3
GROUND = 5  # numbers of a ground, the first ones that the family describes a task by


def claims() -> list[Claim]:
    run = finished("walker-adapt", test_trials=TEST_TRIALS, workers=2)
    return [Claim("active niches", len(run.tasks), 8), *run.claims(), *growth(run)]


def growth(run: Finished) -> list[Claim]:
    """Grounds and bodies of the active niches, compared with those of the first task."""
    family, first = run.family, run.niches[0]["task"]
    grounds = [family.describe(task)[:GROUND] for task in run.tasks.values()]
    flat = family.describe(family.decode(first))[:GROUND]
    distances = [float(np.linalg.norm(ground - flat)) for ground in grounds]
    spreads = [spread(family.encode(task)["body"]) for task in run.tasks.values()]
    return [
        Claim("active niches with obstacles", sum(d > 0 for d in distances), 4),
        Claim("mean distance of the grounds from the first one's", float(np.mean(distances))),
        Claim(
            "active niches whose bodies vary more than those of the first task",
            sum(each > spread(first["body"]) for each in spreads),
            4,
        ),
    ]


def spread(body: Mapping[str, Any]) -> float:
    """The sum of the spreads of a body's genes that have a centre and a spread."""
    return sum(body[name][1] for name in RANGES)
