"""Scores of levels: what makes a level worth training on.

Learnability: Rutherford et al. 2024, "No Regrets" (SFL, arXiv 2408.15099). Regret: Dennis et al.
2020 (PAIRED, arXiv 2012.02096). Base levels: Parker-Holder et al. 2022 (ACCEL, arXiv 2203.01302).
The positive value loss needs advantages: the learner computes it (agents/ppo/levels.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def learnability(solved: np.ndarray) -> np.ndarray:
    """p (1 - p) of each level, [levels]; p: its share of solved episodes, [levels].

    It is highest, 1/4, where half of the episodes are solved, and 0 where all or none are.
    ValueError if a share is outside [0, 1].
    """
    if not ((solved >= 0) & (solved <= 1)).all():  # false for NaN
        raise ValueError(f"shares of solved episodes must be in [0, 1], got {solved.tolist()}")
    return solved * (1 - solved)


def best(scores: np.ndarray, number: int) -> np.ndarray:
    """Rows of the `number` highest scores, highest first; of equal scores the earlier row."""
    return np.argsort(-scores, kind="stable")[:number]


def paired_regret(antagonist: Sequence[float], protagonist: Sequence[float]) -> float:
    """max(the antagonist's highest return - the protagonist's mean return, 0), from the returns of
    their episodes in a level. ValueError if one of them has no episode.
    """
    if not len(antagonist) or not len(protagonist):
        raise ValueError("the regret of a level needs an episode of both agents, got none of one")
    return max(float(np.max(antagonist)) - float(np.mean(protagonist)), 0.0)


def base_levels(returns: np.ndarray, value_losses: np.ndarray, number: int) -> np.ndarray:
    """Rows of the levels to edit: the `number` with the lowest mean return less value loss, lowest
    first; of equal ones the earlier row. All arguments [levels].

    Differs: ACCEL's text has these as the easiest levels, which would be the highest; this is the
    order of its code since the correction of dcd's issue 11. Before, the code edited the first
    level in every case.
    """
    return np.argsort(returns - value_losses, kind="stable")[:number]
