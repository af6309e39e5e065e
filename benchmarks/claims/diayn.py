"""DIAYN (arXiv 1802.06070) in a square with walls, by the command; then its skills as POET's tasks.

Skills, discriminator and intrinsic rewards come from the archive of the first run. The settings of
the second run, which contain the discriminator, are those that examples/skills.py prints.
"""

from __future__ import annotations

import math
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from benchmarks.claims.claim import Claim
from benchmarks.heading import ROOT
from openpoet.agents.offpolicy.diayn import DIAYN
from openpoet.agents.offpolicy.diayn_config import DIAYNConfig
from openpoet.archive.store.run_folder import Run
from openpoet.envs.navigation import Goals, Navigation, NavigationSettings
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

TEST_TRIALS, KEY = 400, Key(99)
SKILLS = torch.arange(TEST_TRIALS) % 4
EXAMPLES = ROOT / "examples"


def launched(folder: Path, *words: str) -> None:
    command = [
        sys.executable,
        str(ROOT / "run.py"),
        "launch",
        "--seed",
        "1",
        "--out",
        str(folder),
        *words,
    ]
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)


def measured(learner: DIAYN, agent: Agent) -> tuple[float, float]:
    """Mean intrinsic reward [nats] and accuracy of the discriminator over steps of new episodes."""
    batch, _ = learner.play(agent, Goals(), KEY, SKILLS)
    correct = learner.discriminator(agent, batch.after).argmax(-1) == SKILLS
    return float(learner.intrinsic_reward(agent, batch, SKILLS).mean()), float(
        correct.double().mean()
    )


def claims() -> list[Claim]:
    family = Navigation(NavigationSettings(arena=1.0))
    learner = DIAYN(family, DIAYNConfig(skills=4))
    with tempfile.TemporaryDirectory() as name:
        first, second, settings = (Path(name) / part for part in ("skills", "tasks", "skills.toml"))
        launched(first, "--config", str(EXAMPLES / "diayn.toml"))
        with Run.open(first, write=False) as run:
            (niche,) = run.niche_rows()
            agent = run.agent(niche["agent"])
        settings.write_text(runpy.run_path(str(EXAMPLES / "skills.py"))["settings"](str(first)))
        launched(second, "--config", str(settings), "--iterations", "50")
        with Run.open(second, write=False) as run:
            niches = run.niche_rows()
    reward, accuracy = measured(learner, agent)
    without_prior = DIAYN(family, DIAYNConfig(skills=4, add_p_z=False))
    random, _ = measured(learner, learner.init(Key(0)))
    active = [row for row in niches if row["died"] is None]
    gains = [row["score"] - row["before"] for row in active]
    for row in active:
        print(
            f"niche {row['id']} of rewards, parent {row['parent']}: {row['before']:.2f} -> "
            f"{row['score']:.2f}"
        )
    return [
        Claim("intrinsic reward per step, at most log 4 = 1.386", reward, 1.11, math.log(4)),
        Claim("accuracy of the discriminator over steps", accuracy, 0.9),
        Claim("intrinsic reward of an initial agent", random, -0.1, 0.1),
        Claim(
            "intrinsic reward without log p(z), minus that with it, plus log 4",
            measured(without_prior, agent)[0] - reward + math.log(4),
            -1e-4,
            1e-4,
        ),
        Claim("POET on the skills as tasks: number of niches", len(niches), 3),
        Claim("smallest gain of adaptation in an active niche", min(gains), 0.0),
    ]
