"""PPO on BipedalWalker-v3, a fresh ground for every episode, on one core: three seeds.

Published: 288.7 after 5 M steps (RL Zoo, stable-baselines3's PPO). Scores are those of 100 episodes
on other grounds, through Gymnasium's interface, with the mean action.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.claims.claim import Claim
from benchmarks.ppo_walkers import Training
from openpoet.agents.ppo.config import PPOConfig

BUDGET, SEEDS, TEST = 3_000_000, (1, 2, 3), 10**6
PLAIN = PPOConfig()
STEP = PLAIN.rollouts * PLAIN.num_envs * PLAIN.num_steps  # environment steps of an improvement step
CONFIG = replace(PLAIN, lr_end=1e-5, anneal=BUDGET * PLAIN.rollouts // STEP)


def claims() -> list[Claim]:
    found: list[Claim] = []
    for seed in SEEDS:
        training = Training(False, CONFIG, seed)
        while training.steps + STEP <= BUDGET:
            training.improve()
            if training.number % 8 == 0:
                training.report(training.score(training.number))
        found += [
            Claim(f"seed {seed}: mean return of 100 episodes", training.score(TEST), 280),
            Claim(f"seed {seed}: environment steps", training.steps, most=BUDGET),
            Claim(f"seed {seed}: seconds of CPU in training", training.seconds, most=180),
        ]
    return found
