"""Starts a run on POET-rose, for the museum: `python docs/rose.py RUN --iterations N`.

POET-rose are the only published parameters of terrains that POET evolved (arXiv 1901.01753, rose
plots 1a to 3b; values as in the benchmark of ACCEL, arXiv 2203.01302). Each is a niche, with the
agent of the museum that does best in it; terrains do not mutate, agents train and transfer.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SEED = 1  # of the terrains
ROSE = {  # roughness, stumps, gaps [tiles]
    "1a": (5.6, (2.4, 2.82), (4.48, 6.4)),
    "1b": (5.44, (1.8, 2.82), (4.48, 6.72)),
    "2a": (7.2, (1.98, 2.82), (5.6, 7.2)),
    "2b": (5.76, (2.16, 2.76), (1.6, 7.2)),
    "3a": (5.28, (1.98, 2.76), (4.8, 7.2)),
    "3b": (4.8, (2.4, 2.76), (4.48, 4.8)),  # published with the ends of its gaps reversed
}


def seeds(parts: Any) -> list[Any]:
    """A seed for each terrain, with the agent of the museum whose score there is the best."""
    from openpoet.archive.museum.files import packs
    from openpoet.cli.replays import open_replays
    from openpoet.cli.sessions import Machine, prepare
    from openpoet.cli.terminal import CommandLine
    from openpoet.envs.walker.obstacles import Obstacles
    from openpoet.envs.walker.task import TaskSettings, WalkerTask
    from openpoet.poet.seeding import Seed
    from openpoet.poet.trial_keys import task_key

    setup = parts.setup
    prepare(parts, CommandLine())
    museum = open_replays(packs()["museum"], Machine("cpu", 1), CommandLine())
    agents = [museum.niches[niche].agent for niche, _ in museum.titles()]
    found = []
    for name, (roughness, stumps, gaps) in ROSE.items():
        task = WalkerTask(Obstacles(roughness, gaps, stumps), SEED, TaskSettings())
        keys = [task_key(setup.config.seed, setup.family, task)] * len(agents)
        scores, *_ = setup.learner.evaluate(agents, [task] * len(agents), keys)
        found.append(Seed(task, agents[int(scores.argmax())], f"POET-rose {name}"))
    return found


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from openpoet.cli.sessions import Launch, Machine, launch
    from openpoet.cli.terminal import CommandLine

    parser = argparse.ArgumentParser(description="Start a run on POET-rose.")
    parser.add_argument("run", type=Path)
    parser.add_argument("--iterations", type=int, default=8)
    options = parser.parse_args()
    settings = {
        "run.preset": "walker-ppo",
        "run.iterations": options.iterations,
        "poet.mutate_every": 0,
        "poet.capacity": len(ROSE),
        "poet.seed": 1,
    }
    wanted = Launch(settings, folder=options.run, machine=Machine("cpu", 1), seeds=seeds)
    launch(wanted, CommandLine())


if __name__ == "__main__":
    main()
