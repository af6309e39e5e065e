"""Deep meta-RL (Wang et al., arXiv 1611.05763) on two arms that share one coin; the paper's
families, 20 pulls.

Trained on uniform arms, tested on those and, never trained on, on easy arms. Greedy on the
posterior is optimal here, since every pull tells as much whichever arm it is: that gives the bounds
exactly.
"""

from __future__ import annotations

import numpy as np
from openpoet.agents.memory.rl2 import Wang
from openpoet.agents.memory.rl2_config import WangConfig
from openpoet.envs.bandits import EASY, HARD, MEDIUM, UNIFORM, Bandits, BanditSettings
from openpoet.poet.streams import Key

from benchmarks.claims.claim import Claim, interval, train

PULLS, TEST_TRIALS, STEPS = 20, 8192, 400


def bayes(first: np.ndarray, num_trials: int = 40_000) -> float:
    """Mean payoff of a trial of who knows that the first arm's probability is one of `first`, all
    as likely.
    """
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
        paid = rng.random(num_trials) < np.where(arm == 0, chance, 1 - chance)
        total += paid
        up = (arm == 0) == paid  # as good as a win of the first arm
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
            f"{name}: {interval(found[name])} of {PULLS * family.oracle(task):.2f} for who knows "
            "the arms"
        )
    forget = learner.trials(
        agent, UNIFORM, key.child("test"), TEST_TRIALS, control="off"
    ).returns.sum(1)
    return [
        Claim(
            "the best of all strategies, uniform",
            bayes(np.linspace(0.0005, 0.9995, 1000)),
            14.1,
            14.25,
        ),
        Claim("the best of all strategies, easy", bayes(np.array([0.1, 0.9])), 17.3, 17.45),
        Claim("deep meta-RL, uniform", float(found["uniform"].mean()), 13.4, 14.3),
        Claim("deep meta-RL, easy, never trained on", float(found["easy"].mean()), 16.3, 17.5),
        Claim("memory reset at every pull, uniform", float(forget.mean()), 9.5, 10.5),
    ]
