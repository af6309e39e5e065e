"""VariBAD (arXiv 1910.08348) on GridNavi: 5 x 5 cells, 21 goals, trials of four 15-step episodes.

Exact bounds: with the goal known the return of an episode is 11.07. A first episode has a mean
return of at most 4.00, since a path visits at most one new cell per step; so has the last episode
if nothing is passed on from one episode to the next. The paper has curves only, near Bayes-optimal
after 2e7 frames; here training takes 1.5e7 steps.
"""

from __future__ import annotations

from benchmarks.claims.claim import Claim, train
from openpoet.agents.assessment import assess
from openpoet.agents.memory.varibad import VariBAD
from openpoet.agents.memory.varibad_config import VariBADConfig
from openpoet.envs.gridnavi import VARIBAD, GridNavi
from openpoet.poet.streams import Key

STEPS, TEST_TRIALS = 1000, 2048


def claims() -> list[Claim]:
    family, key = GridNavi(), Key(1)
    config = VariBADConfig(
        policy=(128,), lam=0.9, lr=3e-3, lr_end=5e-4, entropy=0.03, entropy_end=0.0, anneal=STEPS
    )
    learner = VariBAD(family, config)
    agent = train(learner, learner.init(key), VARIBAD, STEPS, key, "varibad")
    found = assess(learner, agent, VARIBAD, key.child("test"), TEST_TRIALS)
    print("return by episode:", ", ".join(map(str, found.curve)))
    print(f"last episode, adaptation off: {found.off}; another trial's belief: {found.shuffled}")
    oracle, blind = family.oracle(VARIBAD), family.blind(VARIBAD)
    return [
        Claim("goal known, exact", oracle, 11.07, 11.08),
        Claim("best path without rewards, exact", blind, 3.999, 4.001),
        Claim("VariBAD, first episode", found.before.value, most=5.0),
        Claim("VariBAD, third episode", found.curve[2].value, 8.0, oracle + 0.2),
        Claim("last episode, adaptation off", found.off.value, most=blind + 0.5),
        Claim("last episode, with another trial's belief", found.shuffled.value, most=blind + 0.5),
        Claim(
            "last episode minus that with adaptation off, lower bound",
            found.over_off.low,
            3.0,
        ),
    ]
