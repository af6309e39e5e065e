"""Deep meta-RL (Wang et al. 2016, arXiv 1611.05763) on two dependent arms, with 20 pulls.

The reward probabilities of the arms are p and 1 - p. The agent is trained on uniform p, and tested
on uniform p and on easy arms. Acting greedily on the posterior is optimal here, since both arms
give the same information; this gives the exact bounds.
"""

from __future__ import annotations

import numpy as np

from benchmarks.claims.claim import Claim, interval, train
from openpoet.agents.memory.wang import Wang, WangConfig
from openpoet.envs.bandits import EASY, HARD, MEDIUM, UNIFORM, Bandits, BanditSettings
from openpoet.poet.streams import Key

PULLS, TEST_TRIALS, STEPS = 20, 8192, 400


def bayes(first: np.ndarray, num_trials: int = 40_000) -> float:
    """Mean return of the optimal strategy with a uniform prior of p on the values `first`."""
    rng, rows = np.random.default_rng(0), np.arange(num_trials)
    chance = rng.choice(first, num_trials)
    log = np.zeros((num_trials, len(first)))
    total = np.zeros(num_trials)
    with np.errstate(divide="ignore"):
        won, lost = np.log(first), np.log1p(-first)
    for _ in range(PULLS):
        weight = np.exp(log - log.max(axis=1, keepdims=True))
        expected = (weight * first).sum(axis=1) / weight.sum(axis=1)
        arm = (expected < 0.5).astype(int)
        reward = rng.random(num_trials) < np.where(arm == 0, chance, 1 - chance)
        total += reward
        up = (arm == 0) == reward  # the same information as a reward of the first arm
        log[rows] += np.where(up[:, None], won, lost)
    return float(total.mean())


def claims() -> list[Claim]:
    family, key = Bandits(BanditSettings("dependent", pulls=PULLS)), Key(1)
    learner = Wang(
        family, WangConfig(trials=256, lr=5e-3, lr_end=5e-4, anneal=STEPS, entropy_end=0.0)
    )
    agent = train(learner, learner.init(key), UNIFORM, STEPS, key, "wang-dependent")
    found = {}
    for name, task in {"uniform": UNIFORM, "easy": EASY, "medium": MEDIUM, "hard": HARD}.items():
        trials = learner.trials(agent, task, key.child("test"), TEST_TRIALS)
        found[name] = trials.returns.sum(1).numpy()
        print(
            f"{name}: {interval(found[name])} of {PULLS * family.oracle(task):.2f} with known arms"
        )
    forget = learner.trials(
        agent, UNIFORM, key.child("test"), TEST_TRIALS, control="off"
    ).returns.sum(1)
    return [
        Claim(
            "optimal strategy, uniform",
            bayes(np.linspace(0.0005, 0.9995, 1000)),
            14.1,
            14.25,
        ),
        Claim("optimal strategy, easy", bayes(np.array([0.1, 0.9])), 17.3, 17.45),
        Claim("deep meta-RL, uniform", float(found["uniform"].mean()), 13.4, 14.3),
        Claim("deep meta-RL, easy, never trained on", float(found["easy"].mean()), 16.3, 17.5),
        Claim("hidden state reset at every pull, uniform", float(forget.mean()), 9.5, 10.5),
    ]
