"""RL^2 (arXiv 1611.02779) on walkers with a hidden target speed: the share of the gap it closes.

The target speed is drawn from 0 to 4 m/s for a trial of two episodes of 300 steps on flat ground;
a step's reward falls with the difference between the hull's speed and the target (the distribution
`speed` of docs/envs.md). The share is that of the trial's last episode, between a PPO that observes
the target and one that does not (benchmarks/hidden_bodies.py), with the controls of walker-rl2.
"""

from __future__ import annotations

from benchmarks.claims.claim import Claim, interval
from benchmarks.hidden_bodies import adapting, annealed, bounds, by_control, without_memory
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.settings import WalkerSettings
from openpoet.poet.streams import Key

SPEED = WalkerSettings(body="speed", length=100, horizon=300, episodes=2, threads=1)
STEPS, UPDATES = 12_000_000, 730  # environment steps; both are the whole budget
STATE = "walker-rl2-speed-adapting"  # file of the training in build/


def claims() -> list[Claim]:
    found_bounds = bounds(SPEED, "walker-rl2-speed")
    family = Walker(SPEED)
    training = adapting(
        RL2(family, annealed(RL2Config.suggested(family.spec), UPDATES)), Key(3), STATE, STEPS
    )
    found = by_control(training, "RL^2")
    found["without memory"] = without_memory(training)
    print(f"RL^2, without memory: {interval(found['without memory'])}")
    shares = found_bounds.report(found)
    return [
        Claim("gap closed in the last episode", shares["last episode"], 0.5),
        Claim("gap closed without memory", shares["without memory"], most=0.1),
    ]
