"""MAESN (arXiv 1802.07245) on walkers: dense training, and a sparse reward for a hidden speed.

The target speed of a draw is between 0 and 2 m/s; an episode is three seconds from rest. In
training each step is rewarded for a speed near the target. In the test an episode has the reward 1
if its speed was within .25 m/s of the target (benchmarks/sparse_speed.py). Training begins with a
gait (benchmarks/hidden_speed.py). Controls are two policies without a latent, which explore by
action noise: the gait, and one trained from the gait on the same dense rewards for as many steps,
whose speed is near the mean of the targets. Interrupted trainings continue from build/.
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
from openpoet.agents.gradient.maml import MAML
from openpoet.agents.gradient.maml_config import MAMLConfig
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
JOINT = MAMLConfig(
    hidden=HIDDEN,
    draws=16,
    trajectories=10,
    inner_steps=0,
    epochs=5,
    lr=2e-3,
    reward_limit=3.0,
)
LATENT_SCALE = 0.5  # of the first layer's initial weights of the latent


def first_agent(learner: MAESN, gait: dict[str, torch.Tensor], scale: float) -> Agent:
    """A new agent with the gait's weights, and random ones of the latent times `scale`."""
    agent = learner.init(Key(3))
    latent = scale * agent["w0"][:, -learner.config.latent :]
    weights = {**gait, "w0": torch.cat([gait["w0"], latent], 1)}
    return learner.adopt({**agent, **weights})


def joint_weights(
    family: Walker, task: WalkerTask, gait: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Weights of a policy without a latent, trained from the gait on the dense rewards."""
    learner, key = MAML(family, JOINT), Key(11)
    training = Training(learner, task, key, "walker-maesn-joint", agent=learner.fresh_agent(gait))

    def score(agent: Agent) -> float:
        return float(learner.by_episode(agent, task, key.child("progress"), 32)[0][:, 0].mean())

    agent = training.until(STEPS, score, 20)
    print(f"joint training: {training.steps / 1e6:.1f} M steps, {training.seconds:.0f} s of CPU")
    print(f"joint training, return against steps: {training.curve_text()}")
    return {name: agent[name] for name in gait}


def found(batch: Batch) -> np.ndarray:
    """Which draws [draws] are rewarded in at least one of the first `FIRST` episodes."""
    each = batch.success.reshape(DRAWS, CONFIG.trajectories)[:, :FIRST]
    return each.any(1).numpy().astype(float)


def share(batch: Batch) -> float:
    """The share of episodes that are rewarded."""
    return float(batch.success.double().mean())


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
    plain = [first_agent(learner, each, 0.0) for each in (walk, joint_weights(family, task, walk))]
    noise, joint = (
        learner.run_trials(each, sparse, task, fresh, key.child("noise"), 0)[0][0] for each in plain
    )
    returns = [batch.returns.reshape(DRAWS, -1).mean(1).numpy() for batch in dense]
    print("dense, return before and after each update:", *map(interval, returns), sep="\n ")
    hits = [share(batch) for batch in tested]
    print("sparse, share of episodes rewarded by update:", *(f"{hit:.3f}" for hit in hits))
    print(f"by action noise: gait {share(noise):.3f}, joint training {share(joint):.3f}")
    ours, theirs, jointly = found(tested[0]), found(noise), found(joint)
    print(f"draws rewarded in the first {FIRST} episodes: latent {interval(ours)}")
    print(f"action noise: gait {interval(theirs)}, joint training {interval(jointly)}")
    rewarded = f"sparse: draws rewarded in {FIRST} episodes, relative to"
    return [
        Claim("dense: gain of 4 updates, lower bound", bounds(returns[-1] - returns[0])[0], 0.0),
        Claim(f"{rewarded} the gait's", float(ours.mean() / max(theirs.mean(), 1 / DRAWS)), 3.0),
        Claim(f"{rewarded} joint training's", float(ours.mean() / jointly.mean())),
        Claim("sparse: episodes rewarded after 4 updates, over before", hits[-1] / hits[0], 1.3),
    ]
