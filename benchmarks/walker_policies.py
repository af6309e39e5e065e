"""Policies for the walker benchmarks: random, Gymnasium's heuristic, and one trained here by a
small plain ES.

The ES is OpenAI's (arXiv:1703.03864): antithetic noise, centred ranks, Adam. It uses no learner of
this project, so that results depend only on the simulator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from openpoet.envs.walker.batch import WalkerBatch
from openpoet.envs.walker.track import Track

Act = Callable[[np.ndarray], np.ndarray]  # observation [24] -> action [4] float32
SIZES = (24, 24, 24, 4)
PARAMETERS = sum((i + 1) * o for i, o in pairwise(SIZES))


def forward(
    weights: np.ndarray, observations: np.ndarray, sizes: tuple[int, ...] = SIZES
) -> np.ndarray:
    """Actions [members, 4] float32 of tanh networks [members, parameters] at observations [members,
    24]; the parameters are those of these layer sizes, in the order of agents.rollouts.networks.
    """
    x, start = observations, 0
    for i, o in pairwise(sizes):
        matrix = weights[:, start : start + i * o].reshape(-1, i, o)
        bias = weights[:, start + i * o : start + (i + 1) * o]
        x = np.tanh(np.einsum("mi,mio->mo", x, matrix) + bias)
        start += (i + 1) * o
    return x.astype(np.float32)


def returns(weights: np.ndarray, track: Track, horizon: int) -> np.ndarray:
    """Undiscounted return of each member's one episode on the track, [members]."""
    batch = WalkerBatch([track] * len(weights))
    observations, live, total = batch.reset(), np.ones(len(weights), bool), np.zeros(len(weights))
    for _ in range(horizon):
        observations, reward, terminated = batch.step(forward(weights, observations), live)
        total += reward
        live &= ~terminated
        if not live.any():
            break
    return total


@dataclass
class Adam:
    """Kingma & Ba (arXiv:1412.6980), ascending."""

    rate: float
    mean: np.ndarray
    square: np.ndarray
    steps: int = 0

    def ascend(self, point: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        self.steps += 1
        self.mean = 0.9 * self.mean + 0.1 * gradient
        self.square = 0.999 * self.square + 0.001 * gradient**2
        scale = np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        return point + self.rate * scale * self.mean / (np.sqrt(self.square) + 1e-8)


def train(
    track: Track, generations: int = 300, pairs: int = 32, sigma: float = 0.1
) -> tuple[np.ndarray, float]:
    """Weights [PARAMETERS] of a network trained to walk on `track`, and its return over 400
    steps.
    """
    rng = np.random.default_rng(0)
    center = 0.05 * rng.normal(size=PARAMETERS)
    adam = Adam(0.03, np.zeros(PARAMETERS), np.zeros(PARAMETERS))
    for _ in range(generations):
        noise = rng.normal(size=(pairs, PARAMETERS))
        members = center + sigma * np.concatenate([noise, -noise])
        score = returns(members, track, 400)
        rank = np.argsort(np.argsort(score)) / (len(score) - 1) - 0.5
        gradient = (rank[:pairs] - rank[pairs:]) @ noise / (2 * pairs * sigma)
        center = adam.ascend(center, gradient)
    return center, float(returns(center[None], track, 400)[0])


def network(weights: np.ndarray) -> Act:
    return lambda observation: forward(weights[None], observation[None])[0]
