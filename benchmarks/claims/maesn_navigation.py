"""MAESN (arXiv 1802.07245) on goals on a half circle: dense training, sparse test rewards.

Exploration by action noise rarely reaches a goal within 20 steps; exploration by a latent that is
constant in an episode does. Each number is the mean of three runs with different training goals,
since a sample of 20 goals varies considerably.
"""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.claims.claim import Claim, train
from openpoet.agents.gradient.maesn import MAESN
from openpoet.agents.gradient.maesn_config import MAESNConfig
from openpoet.agents.parts.gaussians import kl_to_prior
from openpoet.agents.parts.training_draws import seeds
from openpoet.agents.rollouts.episode_batches import Batch
from openpoet.envs.navigation import HALF_CIRCLE, Navigation, NavigationSettings
from openpoet.poet.streams import Key

STEPS, GOALS, EPISODES, UPDATES = 800, 100, 10, 4
RUNS = (1, 2, 3)


def hit(batch: Batch) -> float:
    """The fraction of episodes that reach their goal."""
    return float(batch.success.double().mean())


def goals_hit(learner: MAESN, batch: Batch) -> float:
    """The fraction of goals reached in at least one of the first `EPISODES` episodes."""
    each = batch.success.reshape(-1, learner.config.trajectories)[:, :EPISODES]
    return float(each.any(1).double().mean())


def measured(key: Key) -> tuple[float, ...]:
    """The quantities of the claims, of one run."""
    dense, sparse = Navigation(), Navigation(NavigationSettings("sparse"))
    learner = MAESN(dense, MAESNConfig(latent=3))
    initial = learner.init(key)
    agent = train(learner, initial, HALF_CIRCLE, STEPS, key, "maesn-navigation")
    latent = agent["latent_mean"], agent["latent_log_std"]
    own = seeds(agent)
    (before, after), _ = learner.run_trials(
        agent, dense, HALF_CIRCLE, own, key.child("dense"), 1, latent
    )
    fresh = list(range(GOALS))
    held_out, _ = learner.run_trials(
        agent, dense, HALF_CIRCLE, fresh, key.child("held out"), UPDATES
    )
    tested, _ = learner.run_trials(agent, sparse, HALF_CIRCLE, fresh, key.child("sparse"), UPDATES)
    noise, _ = learner.run_trials(initial, sparse, HALF_CIRCLE, fresh, key.child("noise"), 0)
    with torch.no_grad():
        distance = float(kl_to_prior(*latent).mean())
    print(
        f"run {key.seed}, training goals: return {before.returns.mean():.2f} -> "
        f"{after.returns.mean():.2f}"
    )
    rates = [round(x, 2) for name in ("rate_mean", "rate_log_std") for x in agent[name].tolist()]
    print(f"learned step sizes: {rates}; latents' distance to the prior {distance:.2f}")
    print(
        "held-out goals from the prior, return by update:",
        *(f"{b.returns.mean():.2f}" for b in held_out),
    )
    print(
        "sparse reward, share of episodes that hit by update:", *(f"{hit(b):.3f}" for b in tested)
    )
    gain, found = float((after.returns - before.returns).mean()), goals_hit(learner, tested[0])
    rates_of_hits = hit(after), hit(held_out[-1]), hit(tested[0]), hit(tested[-1])
    return (*rates_of_hits, gain, found, goals_hit(learner, noise[0]), distance)


def claims() -> list[Claim]:
    runs = np.array([measured(Key(run)) for run in RUNS])
    trained, held_out, first, last, gain, found, noise, distance = runs.mean(0).tolist()
    return [
        Claim("dense, training goals: hit rate after one update", trained, 0.7),
        Claim("dense, training goals: return after minus before adaptation", gain, 5.0),
        Claim("dense, held-out goals: hit rate after four updates", held_out, 0.5),
        Claim("sparse, from the prior: goals hit in 10 episodes", found, 0.25),
        Claim(
            "sparse, action noise alone (untrained): goals hit in 10 episodes",
            noise,
            most=found / 4,
        ),
        Claim("sparse: ratio of hit rates after four updates and before", last / first, 1.3),
        Claim("distance of the training latents to the prior (KL)", distance, most=3.0),
    ]
