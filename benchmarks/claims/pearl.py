"""PEARL (arXiv 1903.08254) on goals along a half circle of radius 1, of which only nearness tells:
within .4 of them.

As in the paper's sparse task the critics learn from the distance, while the agent is told the
sparse reward alone, in training and in the test, and tests are on goals it has not met. A straight
walk passes within .4 of a quarter of the half circle, so a first episode earns at most about a
quarter of what who knows the goal does, on average; a third, of an agent that never tries a way
twice, what half of the goals give. Controls: z from the prior in every episode, and from another
trial's context. Published: curves alone, and a goal radius of .2; here .4, for minutes on a CPU.
"""

from __future__ import annotations

import math

from openpoet.agents.assessment import assess
from openpoet.agents.offpolicy.pearl import PEARL
from openpoet.agents.offpolicy.pearl_config import PEARLConfig
from openpoet.envs.navigation import HALF_CIRCLE, Navigation, NavigationSettings
from openpoet.poet.streams import Key

from benchmarks.claims.claim import Claim, train

NEAR, STEPS, TEST_TRIALS = 0.4, 100, 1000


def claims() -> list[Claim]:
    family, key = Navigation(NavigationSettings("sparse", near=NEAR)), Key(1)
    config = PEARLConfig(
        draws=40, batch=16, episodes=10, context=128, updates=24, lr=2e-3, kl=0.001, temperature=0.1
    )
    learner = PEARL(family, config, teacher=Navigation())
    newborn = learner.init(key)
    agent = train(learner, newborn, HALF_CIRCLE, STEPS, key, "pearl")
    found = assess(learner, agent, HALF_CIRCLE, key.child("test"), TEST_TRIALS)
    print("return by episode:", ", ".join(map(str, found.curve)))
    print(
        f"last episode, from the prior: {found.off}; from another trial's context: {found.shuffled}"
    )
    oracle = float(family.oracle([HALF_CIRCLE] * TEST_TRIALS, list(range(TEST_TRIALS))).mean())
    passed = 4 * math.asin(NEAR / 2) / math.pi  # of the half circle, by a straight walk
    first, _, third, *_ = found.curve
    untrained, _ = learner.by_episode(newborn, HALF_CIRCLE, key.child("test"), 200)
    return [
        Claim("who knows the goal", oracle, 14.5, 14.8),
        Claim("untrained, third episode", float(untrained[:, 2].mean()), most=0.3),
        Claim("PEARL, first episode, of the oracle's", first.value / oracle, 0.05, passed),
        Claim(
            "PEARL, third episode, of the oracle's", third.value / oracle, 0.22, 2 * passed + 0.1
        ),
        Claim(
            "third episode's lower end less the first's upper end (95 % intervals)",
            third.low - first.high,
            1.0,
        ),
        Claim("last episode less one from the prior, lower end", found.over_off.low, 1.0),
        Claim(
            "last episode less one from another trial's context, lower end",
            found.over_shuffled.low,
            1.0,
        ),
    ]
