"""A wheel on hilly ground: a small family whose outline has every layer, and a learner for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from openpoet.poet.interfaces import Spec
from openpoet.poet.streams import Key

GOAL = 12.0  # [m]
RADIUS = 0.5  # [m]
STEP = 0.2  # [m] a step at action 1


@dataclass(frozen=True)
class Hills:
    height: float = 0.5  # [m]


@dataclass(frozen=True)
class Wheel:
    x: float


class Rolling:
    """Reward: distance rolled [m]. The seed determines the start position, in [1, 2) m."""

    def __init__(self, horizon: int = 40) -> None:
        self.spec = Spec(1, 1, horizon, episodes=1, solved_score=5.0, deterministic=False)

    def simulator(self, tasks, seeds, device):
        return RollingSimulator(len(tasks), seeds, self.spec.horizon)

    def outline(self, task, state=None):
        x = np.linspace(0.0, 20.0, 101)
        box = np.array([[8.0, 0.0], [9.0, 0.0], [9.0, 2.0], [8.0, 2.0], [8.0, 0.0]])
        layers = {"ground": [np.stack([x, task.height * np.sin(x)], axis=1), box]}
        if state is None:
            return layers
        middle = np.array([state.x, task.height * np.sin(state.x) + RADIUS])
        angles = np.linspace(0.0, 2 * np.pi, 17)
        rim = middle + RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        spoke = middle + np.array([[-0.1, 0.0], [0.1, 0.0], [0.1, 0.4], [-0.1, 0.4]])
        return {
            **layers,
            "body": [rim, spoke],
            "ray": [np.stack([middle, middle + np.array([3.0, 1.0])])],
        }


class RollingSimulator:
    def __init__(self, rows, seeds, horizon):
        self.rows, self.seeds, self.horizon, self.steps = rows, seeds, horizon, 0

    def reset(self):
        starts = [1.0 + np.random.Generator(np.random.Philox(seed)).random() for seed in self.seeds]
        self.x = torch.tensor(starts, dtype=torch.float64)
        self.time = 0
        self.success = torch.zeros(self.rows, dtype=torch.bool)
        self.ended = torch.zeros(self.rows, dtype=torch.bool)
        return self.x[:, None].float()

    def step(self, actions):
        going = ~self.ended
        self.steps += int(going.sum())
        self.time += 1
        moved = torch.where(going, STEP * actions[:, 0].double(), 0.0)
        self.x = self.x + moved
        self.success = self.x >= GOAL
        truncated = torch.full_like(self.ended, self.time >= self.horizon) & ~self.success
        self.ended = self.success | truncated
        return self.x[:, None].float(), moved, self.success.clone(), truncated

    def state(self, row):
        return Wheel(float(self.x[row]))


class Roller:
    """A learner without training: an agent is a speed, its score the mean return of `episodes`
    episodes, simulated `chunk` at a time.
    """

    def __init__(self, family, episodes: int = 1, chunk: int = 100) -> None:
        self.family, self.episodes, self.chunk = family, episodes, chunk

    def evaluate(self, agents, tasks, keys):
        results = [self._score(*pair) for pair in zip(agents, tasks, keys, strict=True)]
        scores, solved, steps = zip(*results, strict=True)
        return np.array(scores), np.array(solved), np.array(steps)

    def _score(self, agent, task, key: Key):
        seeds = [key.child(i).integer() % 2**31 for i in range(self.episodes)]
        returns, success, steps = [], [], 0
        for first in range(0, self.episodes, self.chunk):
            some = seeds[first : first + self.chunk]
            simulator = self.family.simulator([task] * len(some), some, "cpu")
            simulator.reset()
            total = torch.zeros(len(some), dtype=torch.float64)
            ended = torch.zeros(len(some), dtype=torch.bool)
            while not ended.all():
                _, rewards, terminated, truncated = simulator.step(
                    agent["speed"].expand(len(some), 1)
                )
                total += rewards
                ended |= terminated | truncated
            returns += total.tolist()
            success += simulator.success.tolist()
            steps += simulator.steps
        return float(np.mean(returns)), all(success), steps


FAST = {"speed": torch.tensor([1.5])}  # reaches the goal
SLOW = {"speed": torch.tensor([0.3])}  # does not
