"""RL^2 (arXiv 1611.02779) on walkers whose motors may be reversed: the share of the gap it closes.

Each of four joints is reversed with probability 1/2; a draw lasts for a trial of two episodes of
600 steps on flat ground. The share is that of the trial's last episode, between a PPO that observes
the draw and one that does not (benchmarks/hidden_bodies.py). Controls: the hidden state, last
action and last reward reset at every step, and in the second episode the state of another trial.
Interrupted trainings continue from build/walker-rl2-*.safetensors.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.claims.claim import Claim, interval
from benchmarks.hidden_bodies import (
    REVERSED,
    adapting,
    bounds_of_reversed,
    by_control,
    without_memory,
)
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.envs.walker.family import Walker
from openpoet.poet.streams import Key

# The learning rate of the family's defaults falls over the budget's updates, of 16,384 steps each:
# at a constant rate the return of the second episode swings between 50 and 110.
LR_END, ANNEAL = 5e-5, 1040


STATE = "walker-rl2-adapting"  # file of the training in build/


def config(family: Walker) -> RL2Config:
    """The family's defaults, with a learning rate that falls over the training."""
    return replace(RL2Config.suggested(family.spec), lr_end=LR_END, anneal=ANNEAL)


def claims() -> list[Claim]:
    bounds = bounds_of_reversed()
    family = Walker(REVERSED)
    training = adapting(RL2(family, config(family)), Key(3), STATE)
    found = by_control(training, "RL^2")
    found["without memory"] = without_memory(training)
    print(f"RL^2, without memory: {interval(found['without memory'])}")
    shares = bounds.report(found)
    return [
        Claim("gap closed in the last episode", shares["last episode"], 0.75),
        Claim("gap closed without memory", shares["without memory"], most=0.1),
    ]
