"""Gittins indices of Bernoulli arms with a uniform prior, by calibration.

Gittins 1979, "Bandit processes and dynamic allocation indices". The index of an arm with w wins and
l losses is the certain payoff at which pulling the arm, with the option to retire to that payoff
for ever, is worth as much as retiring at once. For discounted rewards over an infinite time the
policy that pulls the arm of the largest index is optimal.
"""

from __future__ import annotations

from functools import cache

import numpy as np

GRID = 1001  # certain payoffs at which values are computed; between them the index is interpolated
BEYOND = 200  # pulls of an arm beyond the last index, after which its mean is taken as known


@cache
def gittins_indices(discount: float, pulls: int) -> np.ndarray:
    """Indices [pulls of the arm, wins], for fewer pulls than `pulls`; 0 where wins exceed pulls.

    The values are those of

        V(n, w) = max(c, (1 - d) m + d (m V(n + 1, w + 1) + (1 - m) V(n + 1, w)))

    in units of a payoff per pull, with m = (w + 1) / (n + 2), discount d and certain payoff c.
    """
    payoff = np.linspace(0.0, 1.0, GRID)
    last = pulls + BEYOND
    value = np.maximum(_means(last)[:, None], payoff)
    table = np.zeros((pulls, pulls))
    for n in reversed(range(last)):
        mean = _means(n)[:, None]
        ahead = mean * value[1:] + (1 - mean) * value[:-1]
        advantage = (1 - discount) * mean + discount * ahead - payoff
        if n < pulls:
            table[n, : n + 1] = _zeros(payoff, advantage)
        value = payoff + np.maximum(advantage, 0.0)
    return table


def _means(n: int) -> np.ndarray:
    """Posterior means after n pulls with 0 to n wins, [n + 1]."""
    return (np.arange(n + 1) + 1) / (n + 2)


def _zeros(payoff: np.ndarray, advantage: np.ndarray) -> np.ndarray:
    """Where the advantage [states, payoffs], which falls, crosses zero: [states]."""
    after = (advantage <= 0).argmax(axis=1)
    rows = np.arange(len(advantage))
    before = after - 1
    high, low = advantage[rows, before], advantage[rows, after]
    return payoff[before] + (payoff[after] - payoff[before]) * high / (high - low)
