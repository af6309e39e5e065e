"""RL^2 (arXiv 1611.02779) on its smallest bandit problem: 5 arms, 10 pulls.

The paper's table gives 6.7, and 5.7 for Thompson sampling. The optimal strategy has a return of
6.66. The controls are computed here. The other cells of the table: benchmarks/bandit_table.py.
"""

from __future__ import annotations

from numpy.random import default_rng

from benchmarks.bandit_strategies import play, thompson
from benchmarks.claims.claim import Claim, interval, train
from openpoet.agents.memory.rl2 import RL2
from openpoet.envs.bandits import Bandits, bayes_value
from openpoet.poet.streams import Key

TEST_TRIALS = 8192


def claims() -> list[Claim]:
    family, key = Bandits(), Key(1)
    task, learner = family.origin(), RL2(family)
    arms, pulls, steps = family.arms, family.settings.pulls, learner.config.anneal
    agent = train(learner, learner.init(key), task, steps, key, "rl2-bandit")
    test, totals = key.child("test"), {}
    for name, options in {"": {}, "off": {"control": "off"}, "greedy": {"greedy": True}}.items():
        totals[name] = (
            learner.trials(agent, task, test, TEST_TRIALS, **options).returns.sum(1).numpy()
        )
    initial = learner.trials(learner.init(key), task, test, TEST_TRIALS).returns.sum(1).numpy()
    print(f"training: {steps * learner.config.trials * pulls:,} pulls")
    print(
        f"return of a trial of {pulls} pulls, {TEST_TRIALS} trials: {interval(totals[''])}, greedy "
        f"{interval(totals['greedy'])}"
    )
    best = bayes_value(pulls, ((0, 0),) * arms)
    sampling = play(thompson, arms, pulls, 100_000, default_rng(0)).mean
    return [
        Claim("optimal strategy, exact", best, 6.6599, 6.6601),
        Claim("Thompson sampling", sampling, 5.80, 5.90),
        Claim("untrained", float(initial.mean()), 4.9, 5.1),
        Claim("RL^2", float(totals[""].mean()), 6.5, best + 0.08),
        Claim(
            "RL^2 with its hidden state reset at every episode",
            float(totals["off"].mean()),
            4.8,
            5.2,
        ),
    ]
