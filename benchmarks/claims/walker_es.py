"""ES with a recurrent policy on walkers whose motors may be reversed: the share of the gap it
closes, beside that of RL^2.

The task and the gap are those of walker-rl2 (benchmarks/hidden_bodies.py), and so are the trainings
of the bounds. The policy has a GRU (`es.memory`) that is reset at each episode: it has to find out
within an episode what is reversed. Both members of an antithetic pair are evaluated on the same
draw. Controls: the hidden state reset at every step, and the initial policy.
"""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.claims.claim import Claim, interval
from benchmarks.hidden_bodies import REVERSED, TESTS, bounds_of_reversed
from benchmarks.resumable import Training
from openpoet.agents.parts.scoring import draw_seeds
from openpoet.agents.search.es import ES
from openpoet.agents.search.es_config import ESConfig
from openpoet.envs.walker.family import Walker
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

STEPS, EVERY = 17_000_000, 20  # environment steps of training, as RL^2 has
CONFIG = ESConfig(
    population=256,
    memory=32,
    hidden=(32,),
    lr=0.03,
    lr_decay=1.0,
    sigma_decay=1.0,
    threads=1,
    evaluation_episodes=64,
)


def returns(learner: ES, agent: Agent, key: Key, n: int, *, memory: bool = True) -> np.ndarray:
    """Returns [n] of one episode of fresh draws. memory: False resets the hidden state at every
    step.
    """
    family = learner.family
    simulator = family.simulator([family.origin()] * n, draw_seeds(key, n), "cpu")
    seen, hidden, total = simulator.reset(), learner.policy.start(n), np.zeros(n)
    ended = torch.zeros(n, dtype=torch.bool)
    while not bool(ended.all()):
        if not memory:
            hidden = learner.policy.start(n)
        seen, rewards, terminated, truncated = simulator.step(learner.act(agent, seen, hidden))
        total += rewards.numpy()
        ended = terminated | truncated
    return total


def claims() -> list[Claim]:
    bounds, key = bounds_of_reversed(), Key(4)
    learner = ES(Walker(REVERSED), CONFIG)
    training = Training(learner, learner.family.origin(), key, "walker-es")

    def score(agent: Agent) -> float:
        return float(returns(learner, agent, key.child("progress"), 64).mean())

    agent, test = training.until(STEPS, score, EVERY), key.child("test")
    found = {
        "ES with a GRU": returns(learner, agent, test, TESTS),
        "without memory": returns(learner, agent, test, TESTS, memory=False),
        "initial policy": returns(learner, learner.init(key), test, TESTS),
    }
    print(f"ES: {training.steps / 1e6:.1f} M steps, {training.seconds:.0f} s of CPU")
    for name, each in found.items():
        print(f"{name}: {interval(each)}")
    shares = bounds.report(found)
    gained = shares["ES with a GRU"] - shares["without memory"]
    return [
        Claim("gap closed by ES with a GRU", shares["ES with a GRU"], 0.1),
        Claim("the same minus that without memory", gained, 0.1),
    ]
