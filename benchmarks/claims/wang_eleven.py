"""Deep meta-RL (Wang et al. 2016, arXiv 1611.05763) on eleven arms, one of which is informative.

The eleventh arm has a small reward that encodes the arm with the large one. In five pulls, pulling
the eleventh arm first and then the best arm four times returns 20.55, searching without it at most
11.35, and repeating one arm 7.45. The last two are local optima, so the entropy bonus starts high
and is annealed to zero.
"""

from __future__ import annotations

import numpy as np

from benchmarks.claims.claim import Claim, interval, train
from openpoet.agents.memory.wang import Wang, WangConfig
from openpoet.envs.bandits import ELEVEN, Bandits, BanditSettings
from openpoet.poet.streams import Key

PULLS, TEST_TRIALS, STEPS = 5, 8192, 2500


def informed(task_hint: float = 0.1, prize: float = 5.0) -> float:
    return task_hint * (ELEVEN / 2) + (PULLS - 1) * prize


def search(prize: float = 5.0, other: float = 1.1) -> float:
    """Mean return of trying one arm after another until the best is found, then repeating it."""
    return float(
        np.mean([min(k, PULLS) * other + max(PULLS - k, 0) * prize for k in range(ELEVEN - 1)])
    )


def claims() -> list[Claim]:
    family, key = Bandits(BanditSettings("eleven", pulls=PULLS)), Key(1)
    task = family.origin()
    config = WangConfig(
        trials=1024,
        gamma=1.0,
        lam=1.0,
        entropy=1.0,
        entropy_end=0.0,
        anneal=STEPS,
        lr=3e-3,
        lr_end=5e-4,
        reward_scale=0.2,
    )
    learner = Wang(family, config)
    agent = train(learner, learner.init(key), task, STEPS, key, "wang-eleven")
    sampled = learner.trials(agent, task, key.child("test"), TEST_TRIALS)
    greedy = learner.trials(agent, task, key.child("test"), TEST_TRIALS, greedy=True)
    first = greedy.actions[0].argmax(1)
    print(f"a trial of {PULLS} pulls: {interval(sampled.returns.sum(1).numpy())}")
    return [
        Claim("the eleventh arm first, then the best arm", informed(), 20.54, 20.56),
        Claim("search that ignores the eleventh arm", search(), 11.34, 11.36),
        Claim("deep meta-RL, greedy", float(greedy.returns.sum(1).mean()), 17.0, 20.7),
        Claim(
            "fraction of trials that pull the eleventh arm first",
            float((first == ELEVEN - 1).double().mean()),
            0.9,
        ),
    ]
