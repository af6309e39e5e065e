"""MAESN (arXiv 1802.07245) on goals along a half circle: trained on dense reward, tested where only the goal pays.

Exploring with action noise does not get far in 20 steps; exploring along a latent, held for an episode, does.
"""

from __future__ import annotations

import torch

from agents.gaussians import kl_to_prior
from agents.gradient.maesn import MAESN
from agents.gradient.maesn_config import MAESNConfig
from agents.lives import Batch
from agents.training_draws import seeds
from benchmarks.claims.claim import Claim, train
from envs.navigation import HALF_CIRCLE, Navigation, NavigationSettings
from poet.streams import Key

STEPS, GOALS, EPISODES, UPDATES = 800, 100, 10, 4


def hit(batch: Batch) -> float:
    """Share of episodes that reach their goal."""
    return float(batch.success.double().mean())


def goals_hit(learner: MAESN, batch: Batch) -> float:
    """Share of goals that one of their first episodes reaches."""
    each = batch.success.reshape(-1, learner.config.trajectories)[:, :EPISODES]
    return float(each.any(1).double().mean())


def claims() -> list[Claim]:
    dense, sparse, key = Navigation(), Navigation(NavigationSettings("sparse")), Key(1)
    learner = MAESN(dense, MAESNConfig(latent=3))
    newborn = learner.init(key)
    agent = train(learner, newborn, HALF_CIRCLE, STEPS, key, "maesn-navigation")
    latent = agent["latent_mean"], agent["latent_log_std"]
    (before, after), _ = learner.adapted(agent, dense, HALF_CIRCLE, seeds(agent), key.child("dense"), 1, latent)
    print(f"training goals from their latents: return {before.returns.mean():.2f} -> {after.returns.mean():.2f}")
    print(
        f"learned step sizes: {[round(x, 2) for name in ('rate_mean', 'rate_log_std') for x in agent[name].tolist()]}"
    )
    fresh = list(range(GOALS))
    held_out, _ = learner.adapted(agent, dense, HALF_CIRCLE, fresh, key.child("held out"), UPDATES)
    print("held-out goals from the prior, return after each update:", *(f"{b.returns.mean():.2f}" for b in held_out))
    tested, _ = learner.adapted(agent, sparse, HALF_CIRCLE, fresh, key.child("sparse"), UPDATES)
    print("sparse reward, share of episodes that hit after each update:", *(f"{hit(b):.3f}" for b in tested))
    noise = goals_hit(learner, learner.adapted(newborn, sparse, HALF_CIRCLE, fresh, key.child("noise"), 0)[0][0])
    found = goals_hit(learner, tested[0])
    with torch.no_grad():
        distance = float(kl_to_prior(*latent).mean())
    return [
        Claim("dense, training goals: hit rate after one update", hit(after), 0.7),
        Claim("dense, training goals: return after less before", float((after.returns - before.returns).mean()), 5.0),
        Claim("dense, held-out goals: hit rate after four updates", hit(held_out[-1]), 0.5),
        Claim("sparse, from the prior: goals hit in 10 episodes", found, 0.25),
        Claim("sparse, action noise alone (untrained): goals hit in 10 episodes", noise, most=found / 4),
        Claim("sparse: hit rate after four updates over before", hit(tested[-1]) / hit(tested[0]), 2.0),
        Claim("distance of the training latents to the prior (KL)", distance, most=3.0),
    ]
