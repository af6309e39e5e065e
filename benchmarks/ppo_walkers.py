"""PPO on Gymnasium's BipedalWalker-v3 and BipedalWalkerHardcore-v3: the family, training, scores.

Every episode has a ground of its own, drawn by Gymnasium's rules from the episode's seed. Scores
are mean returns through `make_vec` of "openpoet/BipedalWalker-v3", with the mean action.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
import torch

import openpoet.envs
from benchmarks import resumable
from openpoet.agents.ppo.config import PPOConfig
from openpoet.agents.ppo.ppo import PPO
from openpoet.envs.walker.batch import WalkerBatch
from openpoet.envs.walker.body import STANDARD
from openpoet.envs.walker.family import WalkerSpec
from openpoet.envs.walker.ground import usual_horizon
from openpoet.envs.walker.gymnasium_layout import track
from openpoet.envs.walker.simulator import CompiledWalkers
from openpoet.envs.walker.task import Realisation
from openpoet.envs.walker.track import Track
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

EPISODES = 100  # of a score


class GymnasiumWalkers:
    """The parts of a TaskFamily that learners use. A task is None: the ground depends on the seed.

    hardcore: whether the ground is that of BipedalWalkerHardcore-v3.
    """

    def __init__(self, hardcore: bool) -> None:
        self.hardcore = hardcore
        self.spec = WalkerSpec(usual_horizon(hardcore), 300.0, deterministic=False)

    def ground(self, seed: int) -> Track:
        return track(np.random.default_rng(seed), self.hardcore)

    def simulator(self, tasks: Sequence[None], seeds: Sequence[int], device: str) -> Any:
        def realise(row: int, seed: int) -> Realisation:
            return Realisation(self.ground(seed), STANDARD)

        tracks = [self.ground(seed) for seed in seeds]
        batch = WalkerBatch(tracks, threads=1)
        return CompiledWalkers(batch, tracks, self.spec.horizon, device, realise)


def score(learner: PPO, agent: Agent, hardcore: bool, seed: int) -> np.ndarray:
    """Returns of EPISODES episodes through Gymnasium's vector interface, each on another ground."""
    name = f"openpoet/BipedalWalker{'Hardcore' if hardcore else ''}-v3"
    assert openpoet.envs, "registers the environments"
    envs = gymnasium.make_vec(name, num_envs=EPISODES, threads=1)
    seen, _ = envs.reset(seed=seed)
    policy = learner.trial_policy(agent, EPISODES, Key(seed))
    returns, alive = np.zeros(EPISODES), np.ones(EPISODES, bool)
    while alive.any():
        with torch.no_grad():
            actions = policy.act(torch.from_numpy(seen)).numpy()
        seen, rewards, terminated, truncated, _ = envs.step(actions)
        returns += rewards * alive
        alive &= ~(terminated | truncated)
    envs.close()
    return returns


class Training(resumable.Training):
    """One agent trained by PPO on fresh grounds.

    checkpoint: name of the file from which the training continues (resumable.Training); "": none.
    """

    learner: PPO

    def __init__(self, hardcore: bool, config: PPOConfig, seed: int, checkpoint: str = "") -> None:
        self.hardcore, key = hardcore, Key(seed)
        learner = PPO(GymnasiumWalkers(hardcore), config)  # type: ignore[arg-type]  # all it uses
        super().__init__(learner, None, key, checkpoint, agent=learner.init(key.child("init")))

    def score(self, seed: int) -> float:
        """The mean of `score`."""
        return float(score(self.learner, self.agent, self.hardcore, seed).mean())
