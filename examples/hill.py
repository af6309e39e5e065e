"""A task family in one file that needs no import of openpoet: carts that must cross hills.

    openpoet launch --config examples/hill.toml

A task is the height of each bump [m] on a track of 10 m. The cart's motor is weaker than gravity on
the steepest slopes, so it has to gain speed first, on some hills by rolling back.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch

TRACK, STEP, FORCE, GRAVITY = 10.0, 0.05, 2.5, 9.81  # [m], [s], [N/kg], [m/s^2]


class Hill:
    spec = SimpleNamespace(
        observation_size=4,
        action_size=1,
        horizon=200,
        episodes=1,
        solved_score=0.95,
        deterministic=True,
    )

    def origin(self):
        return (0.0, 0.0, 0.0)

    def mutate(self, task, rng):
        return tuple(
            round(float(np.clip(height + rng.uniform(-1.0, 1.0), 0.0, 2.0)), 3) for height in task
        )

    def describe(self, task):
        return np.array(task)

    def encode(self, task):
        return {"family": "hill", "schema": 1, "heights": list(task)}

    def decode(self, data):
        schema, heights = (
            (data.get("schema"), data.get("heights")) if isinstance(data, dict) else (None, None)
        )
        numbers = isinstance(heights, list) and all(
            type(height) in (int, float) for height in heights
        )
        fits = numbers and len(heights) == 3 and all(0 <= height <= 2 for height in heights)
        if not fits or type(schema) is not int or schema != 1:
            raise ValueError(
                f"a hill needs schema 1 and three heights in [0, 2] m, got {repr(data)[:80]}"
            )
        return tuple(float(height) + 0.0 for height in heights)  # -0.0 becomes 0.0

    def simulator(self, tasks, seeds, device):
        return Carts(torch.tensor(tasks, dtype=torch.float64, device=device).reshape(len(tasks), 3))

    def title(self, task):
        return "bumps of " + ", ".join(f"{height:g}" for height in task) + " m"

    def outline(self, task, state=None):
        x, heights = torch.linspace(-1, TRACK, 200), torch.tensor([task])
        layers = {"ground": [torch.cat([x[:, None], ground(heights, x[:, None])[0]], 1).numpy()]}
        if state is not None:
            y = float(ground(heights, torch.tensor([[state]]))[0])
            box = np.array([[-0.2, 0.0], [0.2, 0.0], [0.2, 0.2], [-0.2, 0.2], [-0.2, 0.0]])
            layers["body"] = [box + np.array([state, y])]
        return layers


def ground(heights, x):
    """Height [m] and slope of the ground at x [m]: a bump of each height about 3, 5.5 and 8 m."""
    bumps = heights * torch.exp(-((x - torch.tensor([3.0, 5.5, 8.0])) ** 2) / 0.5)
    return bumps.sum(-1, keepdim=True), (bumps * -4 * (x - torch.tensor([3.0, 5.5, 8.0]))).sum(
        -1, keepdim=True
    )


class Carts:
    """n carts side by side, each on its own track."""

    def __init__(self, heights):
        self.heights, self.steps = heights, 0

    def reset(self):
        n = len(self.heights)
        self.x, self.v = (
            torch.zeros(n, 1, dtype=torch.float64),
            torch.zeros(n, 1, dtype=torch.float64),
        )
        self.time, self.ended = 0, torch.zeros(n, dtype=torch.bool)
        self.success = torch.zeros(n, dtype=torch.bool)
        self.observations = self.observe()
        return self.observations.clone()

    def observe(self):
        here, ahead = ground(self.heights, self.x)[1], ground(self.heights, self.x + 0.5)[1]
        return torch.cat([self.x / TRACK, self.v / 3, here, ahead], 1).float()

    def step(self, actions):
        live = ~self.ended[:, None]
        pull = FORCE * actions.double().clamp(-1, 1) - GRAVITY * torch.sin(
            torch.atan(ground(self.heights, self.x)[1])
        )
        v = (self.v + STEP * pull) * 0.99
        x = (self.x + STEP * v).clamp(-1, TRACK)
        reward = torch.where(live, (x - self.x) / TRACK, 0.0)[:, 0]
        self.steps += int(live.sum())
        self.x, self.v, self.time = (
            torch.where(live, x, self.x),
            torch.where(live, v, self.v),
            self.time + 1,
        )
        self.success |= self.x[:, 0] >= TRACK
        self.observations = torch.where(live, self.observe(), self.observations)
        self.ended = self.success | (self.time >= Hill.spec.horizon)
        return self.observations.clone(), reward, self.success.clone(), self.ended & ~self.success

    def state(self, row):
        return float(self.x[row])


family = Hill
