"""PPO on BipedalWalker-v3, a fresh ground for every episode, on one core: three seeds.

Published: 288.7 after 5 M steps (RL Zoo, stable-baselines3's PPO). Scores are those of 100 episodes
on other grounds, through Gymnasium's interface, with the mean action.
"""

from __future__ import annotations

from benchmarks.claims.claim import Claim
from benchmarks.ppo_walkers import Training
from openpoet.agents.ppo.config import PPOConfig

BUDGET, SEEDS, TEST = 3_000_000, (1, 2, 3), 10**6
UPDATES = BUDGET // (32 * 256)
CONFIG = PPOConfig(lr_end=1e-5, anneal=UPDATES)


def claims() -> list[Claim]:
    found: list[Claim] = []
    for seed in SEEDS:
        training = Training(False, CONFIG, seed)
        step = CONFIG.rollouts * CONFIG.num_envs * CONFIG.num_steps
        while training.steps + step <= BUDGET:
            training.improve()
            if training.number % 8 == 0:
                training.report(training.score(training.number))
        found += [
            Claim(f"seed {seed}: mean return of 100 episodes", training.score(TEST), 280),
            Claim(f"seed {seed}: environment steps", training.steps, most=BUDGET),
            Claim(f"seed {seed}: seconds of CPU in training", training.seconds, most=180),
        ]
    return found
