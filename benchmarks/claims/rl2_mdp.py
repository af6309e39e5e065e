"""RL^2 (arXiv 1611.02779) on tabular MDPs: 10 states, 5 actions, 10 episodes of 10 steps.

The paper's table gives 156.2, and 138.1 for posterior sampling (PSRL), which is computed here with
the true prior mean of rewards and with 0, as in the published baselines. The paper trains on about
2.5 million trials. Here 100 thousand suffice, since the network's inputs are outer products of
state and action (agents/memory/bilinear.py); `--long` uses 500 thousand. For 25 episodes see
`rl2_mdp_25`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.claims.claim import Claim, interval, train
from benchmarks.mdp_references import psrl
from openpoet.agents.assessment import assess
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.envs.mdp import MdpSettings, Tables, TabularMdps
from openpoet.poet.streams import Key

Bounds = tuple[float, float]
EPISODES, TEST_TRIALS, STEPS, LONG_STEPS = 10, 4096, 400, 2000
# bounds of posterior sampling with the true prior mean, and with 0
SAMPLING = (131.0, 136.0), (137.0, 142.0)


def learned(steps: int, episodes: int) -> np.ndarray:
    """Total reward of each trial of RL^2 on new MDPs, after training for this number of steps."""
    family, key = TabularMdps(MdpSettings(episodes=episodes)), Key(1)
    learner = RL2(family, settings(steps, episodes))
    name = f"rl2 on mdp, {episodes} episodes,"
    agent = train(learner, learner.init(key), Tables(), steps, key, name)
    found = assess(learner, agent, Tables(), key.child("test"), TEST_TRIALS)
    print("return by episode:", *(f"{one.value:.1f}" for one in found.curve))
    print(
        f"adaptation off: {found.off}, with another trial's history: {found.shuffled}, gain "
        f"{found.gain}"
    )
    return learner.by_episode(agent, Tables(), key.child("test"), TEST_TRIALS)[0].sum(axis=1)


def settings(steps: int, episodes: int) -> RL2Config:
    """Bilinear inputs and large initial weights, since states are one-hot; a small lambda, since
    rewards are noisy.
    """
    return RL2Config(
        hidden=128,
        last_observation=True,
        tabular=True,
        input_gain=3.0,
        trials=256,
        minibatches=8,
        epochs=1,
        gamma=0.9,
        reward_scale=0.3,
        max_gradient=1.0,
        lr=3e-3,
        lr_end=2e-4,
        entropy=0.01,
        entropy_end=0.0,
        anneal=steps,
        test_trials=512,
        test_episodes=episodes,
    )


def claims() -> list[Claim]:
    return claims_of(STEPS, EPISODES, SAMPLING, 140.0)


def long_claims() -> list[Claim]:
    return claims_of(LONG_STEPS, EPISODES, SAMPLING, 150.0)


def claims_of(steps: int, episodes: int, sampling: Sequence[Bounds], least: float) -> list[Claim]:
    """Posterior sampling with both priors, within its bounds, and RL^2 after so many steps."""
    true_prior, published = (psrl(episodes, TEST_TRIALS, mean).sum(0).mean() for mean in (1.0, 0.0))
    totals = learned(steps, episodes)
    print(f"RL^2, {episodes} episodes: {interval(totals)}")
    return [
        Claim("posterior sampling, true prior", float(true_prior), *sampling[0]),
        Claim("posterior sampling, prior mean 0, as published", float(published), *sampling[1]),
        Claim("RL^2", float(totals.mean()), least),
    ]
