"""RL^2 (arXiv 1611.02779) on BipedalWalker-v3's easy ground, with its defaults for the family.

Published with other code: feed-forward PPO 288.7 after 5e6 steps (RL Zoo). Every episode has a
fresh ground, drawn by Gymnasium's rules.
"""

from __future__ import annotations

import sys
import time

from benchmarks.claims.claim import Claim, interval
from benchmarks.gymnasium_walkers import GymnasiumWalkers
from openpoet.agents.memory.rl2 import RL2
from openpoet.poet.streams import Key

STEPS, TEST_TRIALS, EVERY = 5_000_000, 100, 4  # of the environment; of the last evaluation


def claims() -> list[Claim]:
    family, key, steps, start = GymnasiumWalkers(hardcore=False), Key(1), 0, time.process_time()
    learner = RL2(family)  # type: ignore[arg-type]  # the parts of a family that it needs
    agent, i = learner.init(key), 0
    while steps < STEPS:
        (agent,), used = learner.improve([agent], [None], [key.child("improve", i)])
        steps, i = steps + int(used[0]), i + 1
        if i % EVERY == 0:
            returns, _ = learner.by_episode(agent, None, key.child("progress"), 16)
            passed = time.process_time() - start
            line = f"rl2-walker: {steps / 1e6:.2f} M steps, {passed:.0f} s, {returns.mean():.1f}"
            print(line, file=sys.stderr, flush=True)
    passed = time.process_time() - start
    returns, _ = learner.by_episode(agent, None, key.child("test"), TEST_TRIALS)
    print(
        f"{steps / 1e6:.2f} M steps, {passed:.0f} s of CPU; return of {TEST_TRIALS} fresh grounds, "
        f"most likely actions: {interval(returns[:, -1])}"
    )
    return [Claim("RL^2 on easy ground", float(returns[:, -1].mean()), 270.0)]
