"""Posterior sampling on the random MDPs of RL^2's table (Duan et al. 2016, arXiv 1611.02779).

python -m benchmarks.mdp_references          # a row per number of episodes, in minutes

PSRL (Osband et al. 2013, arXiv 1306.0940): before each episode an MDP is drawn from the posterior,
and its optimal policy is followed. Priors: Dirichlet(1) transitions, normal rewards of unit
variance and noise. The published values were computed with a prior mean of 0, the drawn MDPs have
a mean of 1. `optimal` is the return with known MDPs.
"""

from __future__ import annotations

import sys

import numpy as np

from benchmarks.claims.claim import interval
from benchmarks.heading import heading
from openpoet.envs.mdp import Tables, TabularMdps

TRIALS = 1000
# episodes -> total reward of random actions, PSRL and RL^2 in the paper's table
PUBLISHED = {
    10: (100.1, 138.1, 156.2),
    25: (250.2, 408.8, 445.7),
    50: (499.7, 904.4, 936.1),
    75: (749.9, 1417.1, 1428.8),
    100: (999.4, 1939.5, 1913.7),
}


def plan(rewards: np.ndarray, transitions: np.ndarray, horizon: int) -> list[np.ndarray]:
    """The optimal action in each state [n, s] at each step, from the first.

    rewards: means [n, s, a]. transitions: probabilities [n, s, a, s'].
    """
    plans, value = [], np.zeros(rewards.shape[:2])
    for _ in range(horizon):
        q = rewards + np.einsum("nsat,nt->nsa", transitions, value)
        plans.append(q.argmax(axis=2))
        value = q.max(axis=2)
    return plans[::-1]


def psrl(episodes: int, num_trials: int, prior_mean: float) -> np.ndarray:
    """Return of each episode under posterior sampling, [episodes, trials]."""
    family, rng = TabularMdps(), np.random.default_rng(0)
    world, s = family.world([Tables()] * num_trials, list(range(num_trials))), family.settings
    rewards, transitions = world.rewards.numpy(), world.transitions.numpy()
    sums, rows = transitions.cumsum(axis=3), np.arange(num_trials)
    visits = np.zeros((num_trials, s.states, s.actions))
    earned, moved = np.zeros_like(visits), np.ones((*visits.shape, s.states))
    returns = np.zeros((episodes, num_trials))
    for episode in range(episodes):
        p = rng.standard_gamma(moved)
        p /= p.sum(axis=3, keepdims=True)
        r = rng.normal((prior_mean + earned) / (1 + visits), 1 / np.sqrt(1 + visits))
        state = np.zeros(num_trials, int)
        for choice in plan(r, p, s.horizon):
            action = choice[rows, state]
            reward = rewards[rows, state, action] + rng.standard_normal(num_trials)
            below = sums[rows, state, action] <= rng.random(num_trials)[:, None]
            after = np.minimum(below.sum(axis=1), s.states - 1)
            visits[rows, state, action] += 1
            earned[rows, state, action] += reward
            moved[rows, state, action, after] += 1
            returns[episode] += reward
            state = after
    return returns


def main() -> int:
    print(heading())
    totals = {mean: psrl(max(PUBLISHED), TRIALS, mean).cumsum(axis=0) for mean in (1.0, 0.0)}
    tasks = [Tables()] * TRIALS
    optimal = float(TabularMdps().oracle(tasks, list(range(TRIALS))).mean())
    print(
        "| episodes | random (published) | PSRL, prior mean 1 | PSRL, prior mean 0 (published) "
        "| optimal | RL^2, published |"
    )
    print("|---|---|---|---|---|---|")
    for episodes, (random, published, rl2) in PUBLISHED.items():
        true, zero = (interval(totals[mean][episodes - 1]) for mean in (1.0, 0.0))
        # every action has a mean reward of 1
        chance = f"{TabularMdps().settings.horizon * episodes} ({random})"
        known = f"{optimal * episodes:.1f}"
        print(f"| {episodes} | {chance} | {true} | {zero} ({published}) | {known} | {rl2} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
