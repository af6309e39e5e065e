"""RL^2 (arXiv 1611.02779) on walkers whose motors may be reversed: the share of the gap it closes.

Each of four joints is reversed with probability 1/2; a draw lasts for a trial of two episodes of
600 steps on flat ground. The share is that of the trial's last episode, between a PPO that observes
the draw and one that does not (benchmarks/hidden_bodies.py). Controls: the hidden state, last
action and last reward reset at every step, and in the second episode the state of another trial.
Interrupted trainings continue from build/walker-rl2-*.safetensors.
"""

from __future__ import annotations

import numpy as np

from benchmarks.claims.claim import Claim, interval
from benchmarks.hidden_bodies import EVERY, REVERSED, TESTS, bounds_of_reversed
from benchmarks.resumable import Training
from openpoet.agents.memory.rl2 import RL2
from openpoet.envs.walker.family import Walker
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

ADAPTING = 17_000_000  # environment steps of training


def of_rl2(key: Key) -> dict[str, np.ndarray]:
    """Returns [trials] of both episodes, and of the last one under the controls."""
    family = Walker(REVERSED)
    learner, task, test = RL2(family), family.origin(), key.child("test")

    def score(agent: Agent) -> float:
        return float(learner.by_episode(agent, task, key.child("progress"), 64)[0][:, -1].mean())

    training = Training(learner, task, key, "walker-rl2-adapting")
    agent = training.until(ADAPTING, score, EVERY)
    own, _ = learner.by_episode(agent, task, test, TESTS)
    shuffled, _ = learner.by_episode(agent, task, test, TESTS, "shuffled")
    without = learner.trials(agent, task, test, TESTS, memory="step", greedy=True).returns.numpy()
    found = {
        "first episode": own[:, 0],
        "last episode": own[:, -1],
        "another trial's state": shuffled[:, -1],
        "without memory": without[:, -1],
    }
    print(f"RL^2: {training.steps / 1e6:.1f} M steps, {training.seconds:.0f} s of CPU")
    for name, returns in found.items():
        print(f"RL^2, {name}: {interval(returns)}")
    return found


def claims() -> list[Claim]:
    bounds = bounds_of_reversed()
    shares = bounds.report(of_rl2(Key(3)))
    return [
        Claim("gap closed in the last episode", shares["last episode"], 0.75),
        Claim("gap closed without memory", shares["without memory"], most=0.1),
    ]
