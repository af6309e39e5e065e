"""PEARL (arXiv 1903.08254) on goals on a half circle of radius 1, with sparse rewards.

The reward is nonzero within .4 of the goal. As in the paper's sparse task, critics are trained on
dense rewards, while the context holds the sparse ones, in training and in the test, and the test
uses new goals. A straight path passes within .4 of a quarter of the goals, so that the mean return
of a first episode is at most about a quarter of that with the goal known; that of a third episode
may be about half of it, if no path is repeated. Controls: z from the prior in every episode, and
from another trial's context. The paper has curves only, for a goal radius of .2; here
it is .4, for minutes on a CPU.
"""

from __future__ import annotations

import math

from benchmarks.claims.claim import Claim, train
from openpoet.agents.assessment import assess
from openpoet.agents.offpolicy.pearl import PEARL
from openpoet.agents.offpolicy.pearl_config import PEARLConfig
from openpoet.envs.navigation import HALF_CIRCLE, Navigation, NavigationSettings
from openpoet.poet.streams import Key

NEAR, STEPS, TEST_TRIALS = 0.4, 100, 1000


def claims() -> list[Claim]:
    family, key = Navigation(NavigationSettings("sparse", near=NEAR)), Key(1)
    config = PEARLConfig(
        draws=40, batch=16, episodes=10, context=128, updates=24, lr=2e-3, kl=0.001, temperature=0.1
    )
    learner = PEARL(family, config, teacher=Navigation())
    initial = learner.init(key)
    agent = train(learner, initial, HALF_CIRCLE, STEPS, key, "pearl")
    found = assess(learner, agent, HALF_CIRCLE, key.child("test"), TEST_TRIALS)
    print("return by episode:", ", ".join(map(str, found.curve)))
    print(
        f"last episode, from the prior: {found.off}; from another trial's context: {found.shuffled}"
    )
    oracle = float(family.oracle([HALF_CIRCLE] * TEST_TRIALS, list(range(TEST_TRIALS))).mean())
    passed = 4 * math.asin(NEAR / 2) / math.pi  # fraction of the half circle, by a straight path
    first, _, third, *_ = found.curve
    untrained, _ = learner.by_episode(initial, HALF_CIRCLE, key.child("test"), 200)
    return [
        Claim("goal known", oracle, 14.5, 14.8),
        Claim("untrained, third episode", float(untrained[:, 2].mean()), most=0.3),
        Claim("PEARL, first episode, relative to the oracle", first.value / oracle, 0.05, passed),
        Claim(
            "PEARL, third episode, relative to the oracle",
            third.value / oracle,
            0.22,
            2 * passed + 0.1,
        ),
        Claim(
            "lower bound of the third episode minus upper bound of the first (95 % intervals)",
            third.low - first.high,
            1.0,
        ),
        Claim("last episode minus one with z from the prior, lower bound", found.over_off.low, 1.0),
        Claim(
            "last episode minus one with another trial's context, lower bound",
            found.over_shuffled.low,
            1.0,
        ),
    ]
