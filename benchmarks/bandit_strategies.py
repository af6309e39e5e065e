"""Strategies for Bernoulli bandits with independent uniform arms, and their expected returns.

The baselines of RL^2's table (Duan et al. 2016, arXiv 1611.02779): random, greedy and
epsilon-greedy on the posterior mean, UCB1 (Auer et al. 2002), Thompson sampling, Gittins indices.
All have uniform priors. Ties are broken at random, by which greedy earns more than in the paper's
table, where the first arm is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from benchmarks.gittins import gittins_indices

# (wins [n, arms], losses [n, arms], generator) -> priorities [n, arms]; the largest is pulled
Strategy = Callable[[np.ndarray, np.ndarray, Generator], np.ndarray]


class Expected(NamedTuple):
    """A mean and its standard error."""

    mean: float
    error: float


def play(strategy: Strategy, arms: int, pulls: int, num_trials: int, rng: Generator) -> Expected:
    """The expected return of a trial (`expected_return`)."""
    chance, rows = rng.random((num_trials, arms)), np.arange(num_trials)
    won, lost = np.zeros((num_trials, arms), int), np.zeros((num_trials, arms), int)
    pulled = np.zeros(num_trials)
    for _ in range(pulls):
        priority = strategy(won, lost, rng)
        tied = priority == priority.max(axis=1, keepdims=True)
        arm = np.where(tied, rng.random(tied.shape), -1.0).argmax(axis=1)
        success = rng.random(num_trials) < chance[rows, arm]
        won[rows, arm] += success
        lost[rows, arm] += ~success
        pulled += chance[rows, arm]
    return expected_return(chance, pulled, pulls)


def expected_return(chance: np.ndarray, pulled: np.ndarray, pulls: int) -> Expected:
    """The expected return of a trial, from the arms of n trials and those that were pulled.

    The regret against the best arm is averaged over the trials, and subtracted from the best arm's
    expected return, pulls x arms / (arms + 1): it varies much less than the return.

    Args:
        chance: of each arm to pay, uniform in [0, 1], [n, arms].
        pulled: sum over a trial's pulls of the chance of the pulled arm, [n].
    """
    n, arms = chance.shape
    regret = pulls * chance.max(axis=1) - pulled
    known = pulls * arms / (arms + 1)
    return Expected(float(known - regret.mean()), float(regret.std() / n**0.5))


def random(won: np.ndarray, lost: np.ndarray, rng: Generator) -> np.ndarray:
    return np.zeros(won.shape)


def greedy(won: np.ndarray, lost: np.ndarray, rng: Generator) -> np.ndarray:
    """The posterior mean."""
    return (won + 1) / (won + lost + 2)


def epsilon_greedy(epsilon: float) -> Strategy:
    def priority(won: np.ndarray, lost: np.ndarray, rng: Generator) -> np.ndarray:
        explore = rng.random((len(won), 1)) < epsilon
        return np.where(explore, 0.0, greedy(won, lost, rng))

    return priority


def ucb1(scale: float) -> Strategy:
    """Mean with one win in two pulls as the prior, plus scale x sqrt(2 log(t) / pulls of the arm).

    t: number of the pull, from 1. The pulls of an arm include the prior's two.
    """

    def priority(won: np.ndarray, lost: np.ndarray, rng: Generator) -> np.ndarray:
        now = (won + lost).sum(axis=1, keepdims=True) + 1
        bonus = np.sqrt(2 * np.log(now) / (won + lost + 2))
        return greedy(won, lost, rng) + scale * bonus

    return priority


def thompson(won: np.ndarray, lost: np.ndarray, rng: Generator) -> np.ndarray:
    """A sample of the posterior."""
    return rng.beta(won + 1, lost + 1)


def gittins(discount: float, pulls: int) -> Strategy:
    """The Gittins index of each arm (`gittins.gittins_indices`)."""
    table = gittins_indices(discount, pulls)

    def priority(won: np.ndarray, lost: np.ndarray, rng: Generator) -> np.ndarray:
        return table[won + lost, won]

    return priority


def exact_return(
    chances: Callable[[np.ndarray, np.ndarray], np.ndarray], arms: int, pulls: int
) -> float:
    """The expected return of a strategy by dynamic programming over all histories' counts.

    chances: the probability of pulling each arm [arms], from wins and losses [arms].
    """

    @cache
    def value(counts: tuple[tuple[int, int], ...], left: int) -> float:
        if not left:
            return 0.0
        won, lost = np.array(counts).T
        total = 0.0
        for arm, chance in enumerate(chances(won, lost)):
            if chance == 0.0:
                continue
            wins, losses = counts[arm]
            mean = (wins + 1) / (wins + losses + 2)
            after = [
                (*counts[:arm], new, *counts[arm + 1 :])
                for new in ((wins + 1, losses), (wins, losses + 1))
            ]
            total += chance * (
                mean * (1 + value(after[0], left - 1)) + (1 - mean) * value(after[1], left - 1)
            )
        return total

    return value(((0, 0),) * arms, pulls)
