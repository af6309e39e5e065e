"""The film of a walker that adapts, in the README: `python docs/adapting.py docs/adapting.gif`.

The agent is RL^2, trained by `python -m benchmarks.acceptance walker-rl2-speed`, whose state in
build/ it needs. It does not observe the speed that is rewarded. Two trials are shown, of a low and
a high speed, each with its first and its last episode side by side.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TRIALS, SIZE, FPS = 16, (800, 300), 20  # evaluated; [px]; pictures a second


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from benchmarks.claims import walker_rl2_speed as claim
    from benchmarks.resumable import Training
    from openpoet.agents.memory.rl2 import RL2
    from openpoet.archive.replay.episode import record_episode
    from openpoet.archive.replay.recording import record
    from openpoet.archive.replay.side_by_side import Shot, first_and_last
    from openpoet.envs.walker.family import Walker
    from openpoet.poet.streams import Key

    parser = argparse.ArgumentParser(description="Write the film of a walker that adapts.")
    parser.add_argument("film", type=Path)
    film = parser.parse_args().film
    family = Walker(claim.SPEED)
    config = replace(claim.config(family), test_trials=TRIALS)
    training = Training(RL2(family, config), family.origin(), Key(3), claim.STATE)
    episode = record_episode(
        lambda recording: RL2(recording, config),
        family,
        training.agent,
        training.task,
        Key(5),
        title="RL^2, hidden target speed",
    )

    def speed(shot: Shot) -> float:
        """The target speed [m/s] of a shot's trial."""
        (words,) = episode.hidden(shot[0])
        return float(re.findall(r"[\d.]+", words)[0])

    shots = sorted(first_and_last(episode), key=speed)
    chosen = shots[1], shots[-2]
    pictures = record(episode, film, size=SIZE, fps=FPS, takes=chosen)
    speeds = " and ".join(f"{speed(shot):g}" for shot in chosen)
    print(f"{film}: {pictures} pictures, target speeds of {speeds} m/s")


if __name__ == "__main__":
    main()
