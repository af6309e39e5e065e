"""MAESN (arXiv 1802.07245) on walkers: dense training, and a sparse reward for a hidden speed.

The target speed of a draw is between 0 and 2 m/s; an episode is three seconds from rest. In
training each step is rewarded for a speed near the target. In the test an episode has the reward 1
if its speed was within .25 m/s of the target (benchmarks/sparse_speed.py). Training begins with a
gait (benchmarks/hidden_speed.py). Control: the gait with its action noise, the exploration of a
policy without a latent. Interrupted trainings continue from build/.
"""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.claims.claim import Claim, bounds, interval
from benchmarks.hidden_speed import HIDDEN, SPEED, gait
from benchmarks.resumable import Training
from benchmarks.sparse_speed import SparseSpeed
from openpoet.agents.gradient.maesn import MAESN
from openpoet.agents.gradient.maesn_config import MAESNConfig
from openpoet.agents.rollouts.episode_batches import Batch
from openpoet.envs.walker.body_genes import BodyGenes
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.obstacles import Obstacles
from openpoet.envs.walker.task import WalkerTask
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

STEPS, UPDATES, DRAWS, FIRST, NEAR = 5_000_000, 4, 100, 10, 0.25
BODY = BodyGenes(target_speed=(1.0, 1.0), reward="instead")
CONFIG = MAESNConfig(
    hidden=HIDDEN,
    draws=16,
    trajectories=10,
    epochs=5,
    lr=2e-3,
    reward_limit=3.0,
    test_updates=UPDATES,
)
LATENT_SCALE = 0.5  # of the first layer's initial weights of the latent


def first_agent(learner: MAESN, gait: dict[str, torch.Tensor], scale: float) -> Agent:
    """A new agent with the gait's weights, and random ones of the latent times `scale`."""
    agent = learner.init(Key(3))
    latent = scale * agent["w0"][:, -learner.config.latent :]
    weights = {**gait, "w0": torch.cat([gait["w0"], latent], 1)}
    return learner.adopt({**agent, **weights})


def found(learner: MAESN, batch: Batch) -> np.ndarray:
    """Which draws [draws] are rewarded in at least one of the first `FIRST` episodes."""
    each = batch.success.reshape(DRAWS, learner.config.trajectories)[:, :FIRST]
    return each.any(1).numpy().astype(float)


def claims() -> list[Claim]:
    family, key = Walker(SPEED), Key(8)
    task = WalkerTask(Obstacles(), 0, family.own, BODY)
    learner, walk, sparse = MAESN(family, CONFIG), gait(), SparseSpeed(family, NEAR)
    training = Training(
        learner, task, key, "walker-maesn", agent=first_agent(learner, walk, LATENT_SCALE)
    )

    def score(agent: Agent) -> float:
        return float(learner.by_episode(agent, task, key.child("progress"), 32)[0][:, -1].mean())

    agent, fresh = training.until(STEPS, score, 20), list(range(DRAWS))
    print(f"MAESN: {training.steps / 1e6:.1f} M steps, {training.seconds:.0f} s of CPU")
    print(f"after {UPDATES} updates against steps: {training.curve_text()}")
    dense, _ = learner.run_trials(agent, family, task, fresh, key.child("dense"), UPDATES)
    tested, _ = learner.run_trials(agent, sparse, task, fresh, key.child("sparse"), UPDATES)
    plain = first_agent(learner, walk, 0.0)
    noise, _ = learner.run_trials(plain, sparse, task, fresh, key.child("noise"), 0)
    returns = [batch.returns.reshape(DRAWS, -1).mean(1).numpy() for batch in dense]
    print("dense, return before and after each update:", *map(interval, returns), sep="\n ")
    hits = [float(batch.success.double().mean()) for batch in tested]
    print("sparse, share of episodes rewarded by update:", *(f"{hit:.3f}" for hit in hits))
    ours, theirs = found(learner, tested[0]), found(learner, noise[0])
    print(f"draws rewarded in the first {FIRST} episodes: latent {interval(ours)}")
    print(f"action noise alone: {interval(theirs)}")
    return [
        Claim("dense: gain of 4 updates, lower bound", bounds(returns[-1] - returns[0])[0], 0.0),
        Claim(
            f"sparse: draws rewarded in {FIRST} episodes, relative to action noise",
            float(ours.mean() / max(theirs.mean(), 1 / DRAWS)),
            3.0,
        ),
        Claim("sparse: episodes rewarded after 4 updates, over before", hits[-1] / hits[0], 1.3),
    ]
