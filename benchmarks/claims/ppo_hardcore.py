"""PPO on BipedalWalkerHardcore-v3, a fresh ground for every episode, on one core.

Published for Hardcore: RL Zoo's PPO 122, TQC 235; the PPO of ACCEL's authors (arXiv 2203.01302) 239
after 1e9 steps. The training continues from build/ppo-hardcore.safetensors if that file exists.

A first run with half the transitions per update and a floor of .2 for the standard deviation stood
still from 26 M to 47 M steps, at 100 to 157.
"""

from __future__ import annotations

from benchmarks.claims.claim import Claim
from benchmarks.ppo_walkers import Training, score
from openpoet.agents.ppo.config import PPOConfig

BUDGET, EVERY, SEED = 200_000_000, 10, 1  # environment steps; improvement steps between scores
AIM = 250.0  # at two scores the training ends
CONFIG = PPOConfig(
    hidden=(128, 128),
    num_envs=256,
    num_steps=256,
    rollouts=16,
    epochs=4,
    minibatches=32,
    lr=4e-4,
    lr_end=2e-5,
    anneal=3050,  # updates: the whole budget
    entropy=1e-3,
    entropy_end=1e-3,
    action_std=0.7,
    std_floor=0.3,
)


def claims() -> list[Claim]:
    training = Training(True, CONFIG, SEED, "ppo-hardcore")
    while training.steps < BUDGET:
        training.improve()
        if training.number % EVERY == 0:
            found = training.score(training.number)
            training.report(found)
            if found >= AIM and training.score(training.number + 1) >= AIM:
                break
    returns = score(training.learner, training.agent, True, 10**6)
    print(f"{training.steps / 1e6:.1f} M steps, {training.seconds:.0f} s of CPU")
    print(f"returns of 100 episodes: {', '.join(f'{value:.0f}' for value in sorted(returns))}")
    return [
        Claim("environment steps", training.steps, most=BUDGET),
        Claim("mean return of 100 episodes on fresh grounds", float(returns.mean()), 200),
    ]
