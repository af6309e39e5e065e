"""RL^2 (arXiv 1611.02779) on tabular MDPs: 10 states, 5 actions, 10 episodes of 10 steps.

The paper's table gives 156.2, and 138.1 for posterior sampling (PSRL), which is computed here with
the true prior mean of rewards and with 0, as in the published baselines. The paper trains on about
2.5 million trials. Here 100 thousand suffice, since the network's inputs are outer products of
state and action (agents/memory/bilinear.py); `--long` uses 500 thousand.
"""

from __future__ import annotations

import numpy as np

from benchmarks.claims.claim import Claim, interval, train
from openpoet.agents.assessment import assess
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.envs.mdp import Tables, TabularMdps
from openpoet.poet.streams import Key

EPISODES, TEST_TRIALS, STEPS, LONG_STEPS = 10, 4096, 400, 2000


def psrl(num_trials: int, prior_mean: float) -> np.ndarray:
    """Total reward of each trial under posterior sampling: Dirichlet(1) transitions, normal rewards
    of unit noise.
    """
    family, rng = TabularMdps(), np.random.default_rng(0)
    world, s = family.world([Tables()] * num_trials, list(range(num_trials))), family.settings
    rewards, transitions, rows = (
        world.rewards.numpy(),
        world.transitions.numpy(),
        np.arange(num_trials),
    )
    visits = np.zeros((num_trials, s.states, s.actions))
    earned, moved, total = (
        np.zeros_like(visits),
        np.ones((*visits.shape, s.states)),
        np.zeros(num_trials),
    )
    for _ in range(EPISODES):
        p = rng.standard_gamma(moved)
        p /= p.sum(axis=3, keepdims=True)
        r = rng.normal((prior_mean + earned) / (1 + visits), 1 / np.sqrt(1 + visits))
        plans, value = [], np.zeros((num_trials, s.states))
        for _ in range(s.horizon):
            q = r + np.einsum("nsat,nt->nsa", p, value)
            plans.append(q.argmax(axis=2))
            value = q.max(axis=2)
        state = np.zeros(num_trials, int)
        for plan in reversed(plans):
            action = plan[rows, state]
            reward = rewards[rows, state, action] + rng.standard_normal(num_trials)
            sums = transitions[rows, state, action].cumsum(axis=1)
            after = np.minimum((sums <= rng.random(num_trials)[:, None]).sum(axis=1), s.states - 1)
            visits[rows, state, action] += 1
            earned[rows, state, action] += reward
            moved[rows, state, action, after] += 1
            total, state = total + reward, after
    return total


def learned(config: RL2Config, steps: int) -> np.ndarray:
    """Total reward of each trial of RL^2 on new MDPs, after training for this number of steps."""
    family, key = TabularMdps(), Key(1)
    learner = RL2(family, config)
    agent = train(learner, learner.init(key), Tables(), steps, key, "rl2-mdp")
    found = assess(learner, agent, Tables(), key.child("test"), TEST_TRIALS)
    print("return by episode:", *(f"{one.value:.1f}" for one in found.curve))
    print(
        f"adaptation off: {found.off}, with another trial's history: {found.shuffled}, gain "
        f"{found.gain}"
    )
    return learner.by_episode(agent, Tables(), key.child("test"), TEST_TRIALS)[0].sum(axis=1)


def settings(steps: int) -> RL2Config:
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
        test_episodes=EPISODES,
    )


def claims() -> list[Claim]:
    return _claims(settings(STEPS), STEPS, 140.0)


def long_claims() -> list[Claim]:
    return _claims(settings(LONG_STEPS), LONG_STEPS, 150.0)


def _claims(config: RL2Config, steps: int, least: float) -> list[Claim]:
    true_prior, published = (psrl(TEST_TRIALS, mean).mean() for mean in (1.0, 0.0))
    totals = learned(config, steps)
    print(f"RL^2, {EPISODES} episodes: {interval(totals)}")
    return [
        Claim("posterior sampling, true prior", float(true_prior), 131.0, 136.0),
        Claim("posterior sampling, prior mean 0, as published", float(published), 137.0, 142.0),
        Claim("RL^2", float(totals.mean()), least),
    ]
