"""Model-free episodic control (arXiv 1606.04460) on a 10 x 10 grid, from corner to corner.

Reward 1 at the goal, discount .99, epsilon .1, at most 200 steps; the shortest path is 18. The
baseline is tabular Q-learning with the same exploration, computed here. Six agents each. Stored
values must not exceed the optimal values (from breadth-first search), up to float32 rounding.
"""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.claims.claim import Claim, interval
from openpoet.agents.memory.episodic_config import MFECConfig
from openpoet.agents.memory.episodic_memory import nearest
from openpoet.agents.memory.mfec import MFEC
from openpoet.envs.grid import Grid, Grids, GridSettings
from openpoet.envs.parts.walls import MOVES
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

SEEDS, EPISODES, GAMMA, EPSILON = 6, 40, 0.99, 0.1
BLOCKS = ((0, 10), (10, 20), (20, 40))


def tabular(family: Grids, task: Grid, rng: np.random.Generator, rate: float = 0.5) -> list[int]:
    """Episode lengths of Q-learning on this grid without inner walls; ties are broken at random."""
    size, q, lengths = family.settings.size, np.zeros((family.settings.size**2, 4)), []
    for _ in range(EPISODES):
        row = column = steps = 0
        while (row, column) != task.goal and steps < family.spec.horizon:
            cell, steps = row * size + column, steps + 1
            best = np.flatnonzero(q[cell] == q[cell].max())
            move = rng.integers(4) if rng.random() < EPSILON else rng.choice(best)
            row, column = (
                int(np.clip(x + dx, 0, size - 1))
                for x, dx in zip((row, column), MOVES[move], strict=True)
            )
            reached = (row, column) == task.goal
            target = 1.0 if reached else GAMMA * q[row * size + column].max()
            q[cell, move] += rate * (target - q[cell, move])
        lengths.append(steps)
    return lengths


def excess(learner: MFEC, agent: Agent, family: Grids, task: Grid) -> float:
    """The largest difference of a stored value and the optimal value of its action."""
    cells = family.settings.size**2
    found = nearest(agent, learner.keys(agent, torch.eye(cells)).expand(4, -1, -1), 1)
    stored = found.valid & (found.distances <= learner.config.same)
    optimal = torch.from_numpy(family.optimal(task, GAMMA)).reshape(cells, 4).T[..., None]
    return float((found.values[..., 0] - optimal)[stored].max())


def blocks(lengths: np.ndarray) -> str:
    return ", ".join(f"{a}-{b}: {lengths[:, a:b].mean():.1f}" for a, b in BLOCKS)


def claims() -> list[Claim]:
    family = Grids(GridSettings(cost=0.0))
    task = family.corners()
    learner = MFEC(
        family, MFECConfig(gamma=GAMMA, epsilon=EPSILON, capacity=200, episodes=EPISODES)
    )
    lengths, above = [], []
    for seed in range(SEEDS):
        agent, episodes, _ = learner.run_trial(learner.init(Key(seed)), task, Key(seed, ("life",)))
        lengths.append([int(episode.batch.alive.sum()) for episode in episodes])
        above.append(excess(learner, agent, family, task))
    ours = np.array(lengths)
    theirs = np.array([tabular(family, task, np.random.default_rng(seed)) for seed in range(SEEDS)])
    print(
        f"steps of an episode, by block of episodes: MFEC {blocks(ours)}; Q-learning "
        f"{blocks(theirs)}"
    )
    print(f"MFEC in episodes 10-20, of {SEEDS} agents: {interval(ours[:, 10:20].mean(1))}")
    return [
        Claim("the shortest path", family.way(task), 18, 18),
        Claim("MFEC: steps in episodes 10-20", float(ours[:, 10:20].mean()), 18, 35),
        Claim("tabular Q-learning: steps in episodes 10-20", float(theirs[:, 10:20].mean()), 100),
        Claim("largest excess of Q_EC over Q*", max(above), most=1e-6),
    ]
