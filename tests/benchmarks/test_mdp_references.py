"""Planning and posterior sampling on tabular MDPs, against hand-computed cases and the oracle."""

from __future__ import annotations

import numpy as np

from benchmarks.mdp_references import plan, psrl
from openpoet.envs.mdp import Tables, TabularMdps


def test_a_plan_of_two_steps_as_computed_by_hand() -> None:
    # action 0 earns 1 and stays; action 1 earns 0 and leads to state 1, where each action earns 3
    rewards = np.array([[[1.0, 0.0], [3.0, 3.0]]])
    stay, leave = [1.0, 0.0], [0.0, 1.0]
    transitions = np.array([[[stay, leave], [leave, leave]]])
    first, last = plan(rewards, transitions, 2)
    assert first[0, 0] == 1  # 0 + 3 against 1 + 1
    assert last[0, 0] == 0  # 1 against 0


def test_posterior_sampling_starts_at_chance_and_approaches_the_optimum() -> None:
    trials, episodes = 400, 30
    returns = psrl(episodes, trials, prior_mean=1.0)
    optimal = TabularMdps().oracle([Tables()] * trials, list(range(trials))).mean()
    error = 4 * returns.std() / trials**0.5
    assert abs(returns[0].mean() - 10.0) < error  # ten steps of mean reward 1
    assert returns[-1].mean() > returns[9].mean() > returns[0].mean() + error
    assert returns[-1].mean() < optimal + error
