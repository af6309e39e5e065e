"""RL^2 (arXiv 1611.02779) on its smallest bandit problem: 5 arms, 10 pulls.

The paper's table gives 6.7, and 5.7 for Thompson sampling. The optimal strategy has a return of
6.66. The controls are computed here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator, default_rng

from benchmarks.claims.claim import Claim, interval, train
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.envs.bandits import Bandits, bayes_value
from openpoet.poet.streams import Key

ARMS, PULLS, TEST_TRIALS, STEPS = 5, 10, 8192, 500


def thompson(rng: Generator, num_trials: int) -> np.ndarray:
    """Return of each trial under Thompson sampling with uniform priors, [trials]."""
    chance, rows = rng.random((num_trials, ARMS)), np.arange(num_trials)
    won, lost, total = (
        np.ones((num_trials, ARMS)),
        np.ones((num_trials, ARMS)),
        np.zeros(num_trials),
    )
    for _ in range(PULLS):
        arm = rng.beta(won, lost).argmax(axis=1)
        reward = rng.random(num_trials) < chance[rows, arm]
        won[rows, arm] += reward
        lost[rows, arm] += ~reward
        total += reward
    return total


def claims() -> list[Claim]:
    family, key = Bandits(), Key(1)
    task = family.origin()
    config = replace(
        RL2Config.suggested(family.spec),
        trials=512,
        lr_end=2e-4,
        entropy=0.02,
        entropy_end=0.0,
        anneal=STEPS,
    )
    learner = RL2(family, config)
    agent = train(learner, learner.init(key), task, STEPS, key, "rl2-bandit")
    test, totals = key.child("test"), {}
    for name, options in {"": {}, "off": {"control": "off"}, "greedy": {"greedy": True}}.items():
        totals[name] = (
            learner.trials(agent, task, test, TEST_TRIALS, **options).returns.sum(1).numpy()
        )
    initial = learner.trials(learner.init(key), task, test, TEST_TRIALS).returns.sum(1).numpy()
    print(
        f"return of a trial of {PULLS} pulls, {TEST_TRIALS} trials: {interval(totals[''])}, greedy "
        f"{interval(totals['greedy'])}"
    )
    best = bayes_value(PULLS, ((0, 0),) * ARMS)
    return [
        Claim("optimal strategy, exact", best, 6.6599, 6.6601),
        Claim("Thompson sampling", float(thompson(default_rng(0), 100_000).mean()), 5.80, 5.90),
        Claim("untrained", float(initial.mean()), 4.9, 5.1),
        Claim("RL^2", float(totals[""].mean()), 6.5, best + 0.08),
        Claim(
            "RL^2 with its hidden state reset at every episode",
            float(totals["off"].mean()),
            4.8,
            5.2,
        ),
    ]
