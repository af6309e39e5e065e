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

from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.archive.store.run_folder import Run
from openpoet.cli.settings.tables import build, preset
from openpoet.envs.navigation import Navigation, NavigationSettings
from openpoet.poet.streams import Key

from benchmarks.claims.claim import Claim
from benchmarks.claims.pairing import difficulty
from benchmarks.kill_and_resume import command, digest

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
        undisturbed_path, killed_path = (Path(place) / name for name in ("undisturbed", "killed"))
        undisturbed = started_run(launch, undisturbed_path)
        killed = killed_and_resumed(killed_path, launch)
        if undisturbed.wait() != 0:
            raise SystemExit("the undisturbed run failed")
        digests = digest(undisturbed_path), digest(killed_path)
        niches, transfers, agents = read(undisturbed_path)
    print(f"digests: {digests[0]} undisturbed, {digests[1]} after {killed} kills")
    alive = [row for row in niches if row["died"] is None]
    tasks = [family.decode(row["task"]) for row in alive]
    active_agents = [agents[row["agent"]] for row in alive]
    keys = [Key(99, ("held out", row["id"])) for row in alive]
    scores, _, _, before = learner.evaluate(active_agents, tasks, keys)
    for row, task, agent, score, first in zip(
        alive, tasks, active_agents, scores, before, strict=True
    ):
        hypers = ", ".join(
            f"{n.removeprefix('hyper/')} {float(v):.3g}" for n, v in agent.items() if "hyper/" in n
        )
        print(
            f"niche {row['id']}: {family.title(task)}: before {first:.2f}, after {score:.2f}; "
            f"{hypers}"
        )
    exploits = [row for row in transfers if row["kind"] == "exploit" and row["accepted"]]
    sizes = {float(agent.get("hyper/units", learner.config.units)) for agent in active_agents}
    harder = max(difficulty(task) for task in tasks) / difficulty(family.origin())
    return [
        Claim("niches born of others", sum(row["parent"] is not None for row in niches), 3),
        Claim("difficulty of the hardest niche alive, over the origin's", harder, 1.5),
        Claim(
            "least gain of adaptation in a niche alive, fresh draws",
            float((scores - before).min()),
            0.01,
        ),
        Claim("mean gain", float((scores - before).mean()), 0.3),
        Claim("exploits in the archive", len(exploits), 3),
        Claim("sizes of network among the agents alive", len(sizes), 2),
        Claim("kills that took effect", killed, len(KILLS)),
        Claim("digests that differ", float(digests[0] != digests[1]), 0, 0),
    ]
