"""A family for tests of learners: move a point mass to a target, from a random start; some episodes
terminate early.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch


@dataclass(frozen=True)
class Spec:
    observation_size: int = 5  # target relative to the mass, velocity, 1
    action_size: int = 2
    horizon: int = 20
    episodes: int = 1
    solved_score: float = -6.0
    deterministic: bool = False


class Masses:
    """An episode terminates when the mass leaves the disc of 2 m, and is truncated at the horizon.
    Reward: minus the distance to the target [m].
    """

    def __init__(self, family, targets, starts):
        self.family, self.targets, self.place = family, targets, starts
        self.velocity, self.steps, self.time = torch.zeros_like(starts), 0, 0
        self.terminated = torch.zeros(len(starts), dtype=torch.bool)
        self.truncated, self.success = self.terminated.clone(), self.terminated.clone()

    def reset(self):
        return self.observe()

    def observe(self):
        ones = torch.ones(len(self.place), 1)
        return torch.cat([self.targets - self.place, self.velocity, ones], dim=1).float()

    def step(self, actions):
        live = ~(self.terminated | self.truncated)
        self.steps += int(live.sum())
        self.family.steps += int(live.sum())
        self.time += 1
        self.velocity = torch.where(
            live[:, None], 0.7 * self.velocity + 0.3 * actions.double(), self.velocity
        )
        self.place = self.place + live[:, None] * self.velocity
        distance = (self.place - self.targets).norm(dim=1)
        self.terminated = self.terminated | (live & (self.place.norm(dim=1) > 2))
        self.truncated = self.truncated | (
            live & ~self.terminated & (self.time >= self.family.spec.horizon)
        )
        self.success = self.success | (live & (distance < 0.3))
        return (
            self.observe(),
            torch.where(live, -distance, 0.0),
            self.terminated.clone(),
            self.truncated.clone(),
        )


class PointMass:
    """Tasks are targets (x, y) [m]. `spread` is the standard deviation of the start
    position [m].
    """

    def __init__(self, spread=0.1, **spec):
        self.spec, self.spread, self.steps = replace(Spec(), **spec), spread, 0
        self.batches = []  # the seeds of each simulator

    def simulator(self, tasks, seeds, device):
        self.batches.append(list(seeds))
        noise = np.zeros((len(tasks), 2))
        if not self.spec.deterministic:
            noise = np.array(
                [np.random.Generator(np.random.Philox(seed)).standard_normal(2) for seed in seeds]
            )
        return Masses(
            self, torch.from_numpy(np.array(tasks, float)), torch.from_numpy(self.spread * noise)
        )
