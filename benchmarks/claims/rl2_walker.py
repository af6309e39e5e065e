"""RL^2 (arXiv 1611.02779) on BipedalWalker-v3's easy ground, with its defaults for the family.

Published with other code: feed-forward PPO 288.7 after 5e6 steps (RL Zoo). Every episode has a
fresh ground, drawn by Gymnasium's rules. An interrupted training continues from
build/rl2-walker.safetensors.
"""

from __future__ import annotations

from benchmarks.claims.claim import Claim, interval
from benchmarks.ppo_walkers import GymnasiumWalkers
from benchmarks.resumable import Training
from openpoet.agents.memory.rl2 import RL2
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

STEPS, EVERY, TEST_TRIALS = 5_000_000, 4, 100  # environment steps; improvement steps; of the test


def claims() -> list[Claim]:
    key = Key(1)
    learner = RL2(GymnasiumWalkers(hardcore=False))  # type: ignore[arg-type]  # all that it uses

    def score(agent: Agent) -> float:
        return float(learner.by_episode(agent, None, key.child("progress"), 16)[0].mean())

    training = Training(learner, None, key, "rl2-walker")
    agent = training.until(STEPS, score, EVERY)
    returns, _ = learner.by_episode(agent, None, key.child("test"), TEST_TRIALS)
    print(
        f"{training.steps / 1e6:.2f} M steps, {training.seconds:.0f} s of CPU; {TEST_TRIALS} fresh "
        f"grounds, most likely actions: {interval(returns[:, -1])}"
    )
    return [Claim("RL^2 on easy ground", float(returns[:, -1].mean()), 270.0)]
