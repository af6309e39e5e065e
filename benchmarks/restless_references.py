"""Strategies for restless bandits (Wang et al. 2016, arXiv 1611.05763), whose arms drift.

Thompson sampling with counts that fade by a factor per pull (discounted Thompson sampling, Raj &
Kalyani 2017, arXiv 1707.09727); without fading it is the strategy for arms that stay. The bound is
the return of pulling the best arm of each moment.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from openpoet.envs.bandits import Arms


class Played(NamedTuple):
    """Mean returns of a trial: of the strategy, with its standard error, and of the best arms."""

    mean: float
    error: float
    best: float


def thompson(task: Arms, arms: int, pulls: int, fading: float, rng: Generator) -> Played:
    """Discounted Thompson sampling on 10,000 trials of a restless task.

    fading: factor of the counts of wins and losses after each pull; 1: Thompson sampling.
    """
    n = 10_000
    rows = np.arange(n)
    chance = task.low + (task.high - task.low) * rng.random((n, arms))
    logit = np.log(chance) - np.log1p(-chance)
    won, lost = np.zeros((n, arms)), np.zeros((n, arms))
    total, best = np.zeros(n), np.zeros(n)
    for _ in range(pulls):
        chance = 1 / (1 + np.exp(-logit))
        arm = rng.beta(won + 1, lost + 1).argmax(axis=1)
        reward = rng.random(n) < chance[rows, arm]
        won, lost = fading * won, fading * lost
        won[rows, arm] += reward
        lost[rows, arm] += ~reward
        total += chance[rows, arm]
        best += chance.max(axis=1)
        logit = logit + task.drift * rng.standard_normal((n, arms))
    return Played(float(total.mean()), float(total.std() / n**0.5), float(best.mean()))
