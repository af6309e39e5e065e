"""RL^2 (arXiv 1611.02779) on walkers whose motors may be reversed: the share of the gap it closes.

Each of four joints is reversed with probability 1/2; a draw lasts for a trial of two episodes of
600 steps on flat ground. The share is that of the trial's last episode, between a PPO that observes
the draw and one that does not (benchmarks/hidden_bodies.py). Controls: the hidden state, last
action and last reward reset at every step, and in the second episode the state of another trial.
Interrupted trainings continue from build/walker-rl2-*.safetensors.
"""

from __future__ import annotations

from benchmarks.claims.claim import Claim, interval
from benchmarks.hidden_bodies import (
    REVERSED,
    UPDATES,
    adapting,
    annealed,
    bounds_of_reversed,
    by_control,
    without_memory,
)
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.envs.walker.family import Walker
from openpoet.poet.streams import Key

STATE = "walker-rl2-adapting"  # file of the training in build/


def claims() -> list[Claim]:
    bounds = bounds_of_reversed()
    family = Walker(REVERSED)
    training = adapting(
        RL2(family, annealed(RL2Config.suggested(family.spec), UPDATES)), Key(3), STATE
    )
    found = by_control(training, "RL^2")
    found["without memory"] = without_memory(training)
    print(f"RL^2, without memory: {interval(found['without memory'])}")
    shares = bounds.report(found)
    return [
        Claim("gap closed in the last episode", shares["last episode"], 0.75),
        Claim("gap closed without memory", shares["without memory"], most=0.1),
    ]
