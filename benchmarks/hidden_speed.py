"""Walkers whose rewarded speed is hidden, and a gait from which learners by policy gradient begin.

A plain policy gradient takes many more steps to walk than PPO. What is compared, adaptation, begins
where walking has been learned: from a feed-forward PPO trained on the standard body, whose policy
becomes the first policy of all learners and controls.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from benchmarks.resumable import Training
from openpoet.agents.parts.feedforward import Feedforward
from openpoet.agents.ppo.config import PPOConfig
from openpoet.agents.ppo.ppo import PPO
from openpoet.agents.ppo.raw_policy import raw_policy
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.settings import WalkerSettings
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

# The target speed is drawn from 0 to 4 m/s; an episode is three seconds from rest.
SPEED = WalkerSettings(body="speed", length=60, horizon=150, episodes=1, threads=1)
GROUND = replace(SPEED, body="standard", seeds="episode", length=100, horizon=600)
HIDDEN = (64, 64)  # units of the policy's layers
GAIT = PPOConfig(hidden=HIDDEN, num_envs=64, num_steps=128, std_floor=0.3, action_std=0.6)
GAIT_STEPS = 2_000_000


def gait() -> dict[str, torch.Tensor]:
    """Weights of a policy on raw observations that walks."""
    family = Walker(GROUND)
    learner, key = PPO(family, GAIT), Key(2)
    training = Training(learner, family.origin(), key, "walker-gait")

    def score(agent: Agent) -> float:
        return learner.score_one(agent, family.origin(), key.child("progress")).score

    agent = training.until(GAIT_STEPS, score, 4)
    print(
        f"gait: PPO, {training.steps / 1e6:.1f} M steps, {training.seconds:.0f} s of CPU, return "
        f"{score(agent):.1f} of {GROUND.horizon} steps on the standard body"
    )
    return raw_policy(agent, Feedforward((24, *HIDDEN, 4)))
