"""AI-GAs (Clune 2019, arXiv 1905.10985) in one small run of the preset ai-ga.

Claims: tasks evolve (niches are born and become harder); learning algorithms are learned (in every
active niche the score after adaptation is higher than before, on new draws); learners compete
(agents are copied with their hyperparameters, among them the network size). A second run, killed
twice and resumed, has the same digest.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.claims.claim import Claim
from benchmarks.claims.pairing import difficulty
from benchmarks.kill_and_resume import command, digest
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.archive.store.run_folder import Run
from openpoet.cli.settings.tables import build, preset
from openpoet.envs.navigation import Navigation, NavigationSettings
from openpoet.poet.streams import Key

KILLS = (13, 31)  # SIGKILL is sent during the iteration after each of these


def started_run(arguments: list[str], folder: Path) -> subprocess.Popen[bytes]:
    words = (
        [*arguments, str(folder)]
        if arguments[0] == "resume"
        else [*arguments, "--out", str(folder)]
    )
    return subprocess.Popen(command(*words, "--workers", "1"), stdout=sys.stderr)


def reached(folder: Path) -> int:
    """The number of iterations in the archive."""
    if not (folder / "archive.db").exists():
        return 0
    with Run.open(folder, write=False) as run:
        return len(run.rows("iterations"))


def killed_and_resumed(folder: Path, launch: list[str]) -> int:
    """Run to the end, killed and resumed on the way; the number of kills that hit a
    running process.
    """
    process, killed = started_run(launch, folder), 0
    for iteration in KILLS:
        while reached(folder) <= iteration and process.poll() is None:
            time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        process = started_run(["resume"], folder)
    if process.wait() != 0:
        raise SystemExit("the resumed run failed")
    return killed


def read(folder: Path) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """Niches, transfers, agents by name."""
    with Run.open(folder, write=False) as run:
        niches = run.niche_rows()
        return niches, run.rows("transfers"), run.agents_named(row["agent"] for row in niches)


def claims() -> list[Claim]:
    tables = preset("ai-ga")
    family = Navigation(build(NavigationSettings, tables["navigation"], "navigation"))
    learner = RL2(family, replace(build(RL2Config, tables["rl2"], "rl2"), test_trials=512))
    launch = ["launch", "--preset", "ai-ga", "--seed", "1"]
    with tempfile.TemporaryDirectory() as place:
        uninterrupted_path, killed_path = (
            Path(place) / name for name in ("uninterrupted", "killed")
        )
        uninterrupted = started_run(launch, uninterrupted_path)
        killed = killed_and_resumed(killed_path, launch)
        if uninterrupted.wait() != 0:
            raise SystemExit("the uninterrupted run failed")
        digests = digest(uninterrupted_path), digest(killed_path)
        niches, transfers, agents = read(uninterrupted_path)
    print(f"digests: {digests[0]} uninterrupted, {digests[1]} after {killed} kills")
    active = [row for row in niches if row["died"] is None]
    tasks = [family.decode(row["task"]) for row in active]
    agents_of_active = [agents[row["agent"]] for row in active]
    keys = [Key(99, ("held out", row["id"])) for row in active]
    scores, _, _, before = learner.evaluate(agents_of_active, tasks, keys)
    for row, task, agent, score, first in zip(
        active, tasks, agents_of_active, scores, before, strict=True
    ):
        hypers = ", ".join(
            f"{n.removeprefix('hyper/')} {float(v):.3g}" for n, v in agent.items() if "hyper/" in n
        )
        print(
            f"niche {row['id']}: {family.title(task)}: before {first:.2f}, after {score:.2f}; "
            f"{hypers}"
        )
    exploits = [row for row in transfers if row["kind"] == "exploit" and row["accepted"]]
    sizes = {float(agent.get("hyper/units", learner.config.units)) for agent in agents_of_active}
    harder = max(difficulty(task) for task in tasks) / difficulty(family.origin())
    return [
        Claim("niches created by mutation", sum(row["parent"] is not None for row in niches), 3),
        Claim("difficulty of the hardest active niche, relative to the origin", harder, 1.5),
        Claim(
            "smallest gain of adaptation in an active niche, new draws",
            float((scores - before).min()),
            0.01,
        ),
        Claim("mean gain", float((scores - before).mean()), 0.3),
        Claim("exploits in the archive", len(exploits), 3),
        Claim("number of network sizes of active agents", len(sizes), 2),
        Claim("kills that hit a running process", killed, len(KILLS)),
        Claim("digests that differ", float(digests[0] != digests[1]), 0, 0),
    ]
