"""The films of walkers that adapt, in the README and docs/results.md: `python docs/adapting.py`.

The agents are RL^2, trained by `python -m benchmarks.acceptance walker-rl2` and `walker-rl2-speed`,
whose states in build/ are needed. Each trial is shown by its first and its last episode. Of the
motors' draws those where the agent falls in the first episode are the exception: one is shown.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpoet.archive.replay.episode import Episode
    from openpoet.archive.replay.side_by_side import Shot

ROOT = Path(__file__).resolve().parent.parent
TRIALS, SIZE, FPS = 16, (800, 300), 20  # evaluated; [px]; pictures a second


def evaluated(claim: Any, settings: Any, key: int, title: str) -> tuple[Episode, Sequence[Shot]]:
    """An evaluation of a claim's agent, and its trials."""
    from dataclasses import replace

    from benchmarks.hidden_bodies import annealed
    from benchmarks.resumable import Training
    from openpoet.agents.memory.rl2 import RL2
    from openpoet.agents.memory.rl2_config import RL2Config
    from openpoet.archive.replay.episode import record_episode
    from openpoet.archive.replay.side_by_side import first_and_last
    from openpoet.envs.walker.family import Walker
    from openpoet.poet.streams import Key

    family = Walker(settings)
    config = annealed(RL2Config.suggested(family.spec), claim.UPDATES)
    config = replace(config, test_trials=TRIALS)
    training = Training(RL2(family, config), family.origin(), Key(3), claim.STATE)
    make, agent, task = (lambda recording: RL2(recording, config)), training.agent, training.task
    episode = record_episode(make, family, agent, task, Key(key), title=title)
    return episode, first_and_last(episode)


def write(episode: Episode, shots: Sequence[Shot], name: str) -> None:
    from openpoet.archive.replay.recording import record

    pictures = record(episode, ROOT / "docs" / name, size=SIZE, fps=FPS, takes=shots)
    hidden = "; ".join(", ".join(episode.hidden(first)) for first, *_ in shots)
    print(f"docs/{name}: {pictures} pictures, {hidden}")


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from benchmarks.claims import walker_rl2, walker_rl2_speed
    from benchmarks.hidden_bodies import REVERSED

    episode, shots = evaluated(walker_rl2, REVERSED, 6, "RL^2, hidden motors")
    fallen = [shot for shot in shots if episode.takes[shot[0]].terminated]
    write(
        episode, [min(fallen, key=lambda shot: episode.takes[shot[0]].returns[-1])], "adapting.gif"
    )
    title = "RL^2, hidden target speed"
    episode, shots = evaluated(walker_rl2_speed, walker_rl2_speed.SPEED, 5, title)
    by_speed = sorted(
        shots, key=lambda shot: float(re.findall(r"[\d.]+", episode.hidden(shot[0])[0])[0])
    )
    write(episode, [by_speed[1], by_speed[-2]], "adapting-speed.gif")


if __name__ == "__main__":
    main()
