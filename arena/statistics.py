"""Statistics of scores by seed and world: means and intervals, comparisons of two methods, risk.

The interquartile mean with a stratified bootstrap, the probability of improvement and the
performance profile are those of Agarwal et al. 2021 (arXiv 2108.13264). Risk is the protocol of
Sampling for Learnability, Rutherford et al. 2024 (arXiv 2408.15099).

`scores` is [seeds, worlds] float64 everywhere: for each training seed of a method its score in each
world, a mean over episodes. Seeds are the repeats of the experiment; worlds are fixed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .intervals import of_mean

RESAMPLES = 2000
MOST_CELLS = 10**7  # numbers of resamples that are held in memory at once
ALPHAS = (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # shares of the worlds, for `risk`


@dataclass(frozen=True)
class Mean:
    """A mean over seeds. error: its standard error; None for one seed, which has no spread."""

    value: float
    error: float | None

    def __str__(self) -> str:
        return f"{self.value:.3g}" + ("" if self.error is None else f" ± {self.error:.2g}")


@dataclass(frozen=True)
class Estimate:
    """A statistic with its 95 % interval; the ends are None for one seed, which has no spread."""

    value: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        inner = "" if self.low is None else f" [{self.low:.3g}, {self.high:.3g}]"
        return f"{self.value:.3g}{inner}"


def checked(scores: np.ndarray) -> np.ndarray:
    """The scores as float64 [seeds, worlds]. ValueError for another shape, no scores, or NaN."""
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 2 or not scores.size:
        raise ValueError(f"scores must have shape [seeds, worlds], got {list(scores.shape)}")
    if not np.isfinite(scores).all():
        seed, world = np.argwhere(~np.isfinite(scores))[0]
        raise ValueError(
            f"scores must be finite, got {scores[seed, world]} for seed {seed} in world {world}"
        )
    return scores


def mean(values: Sequence[float] | np.ndarray) -> Mean:
    """The mean of independent values [seeds], and its standard error s / sqrt(seeds)."""
    from scipy import stats

    data = checked(np.asarray(values, np.float64)[:, None])[:, 0]
    return Mean(float(data.mean()), float(stats.sem(data)) if len(data) > 1 else None)


def confidence(values: Sequence[float] | np.ndarray) -> Estimate:
    """The mean of independent values [n] with its 95 % interval (`intervals.of_mean`)."""
    data = checked(np.asarray(values, np.float64)[:, None])[:, 0]
    found = of_mean(data)
    return Estimate(*found) if len(data) > 1 else Estimate(found.value, None, None)


def interquartile_mean(scores: np.ndarray) -> Estimate:
    """Mean of the middle half of all scores, with a stratified bootstrap interval.

    Of n scores the lowest and the highest floor(n / 4) are left out.
    """
    from scipy import stats

    def middle(samples: np.ndarray) -> np.ndarray:
        return stats.trim_mean(samples.reshape(*samples.shape[:-2], -1), 0.25, axis=-1)

    return _estimate([checked(scores)], middle)


def probability_of_improvement(ours: np.ndarray, theirs: np.ndarray) -> Estimate:
    """Probability that a seed of ours scores higher than a seed of theirs in the same world.

    Mean over worlds; equal scores count half. 0.5: no difference. ours [seeds, worlds] and theirs
    [other seeds, the same worlds].
    """
    ours, theirs = checked(ours), checked(theirs)
    if ours.shape[1] != theirs.shape[1]:
        raise ValueError(
            f"both methods must have the same worlds, got {ours.shape[1]} and {theirs.shape[1]}"
        )

    def wins(mine: np.ndarray, other: np.ndarray) -> np.ndarray:
        left, right = mine[..., :, None, :], other[..., None, :, :]
        return ((left > right) + 0.5 * (left == right)).mean((-3, -2, -1))

    return _estimate([ours, theirs], wins)


def performance_profile(scores: np.ndarray, thresholds: Sequence[float]) -> list[Estimate]:
    """For each threshold the share of scores above it, with stratified bootstrap intervals."""
    scores = checked(scores)

    def above(samples: np.ndarray, threshold: float) -> np.ndarray:
        return (samples > threshold).mean((-2, -1))

    return [_estimate([scores], lambda s, at=at: above(s, at)) for at in thresholds]


def risk(first: np.ndarray, second: np.ndarray, alphas: Sequence[float] = ALPHAS) -> np.ndarray:
    """Mean success in the worst worlds, for each share alpha of all worlds, [alphas].

    first, second: success rates [worlds] of the same agent from two independent sets of episodes.
    Worlds are ranked by the first set and measured on the second: ranked and measured on one set,
    the worst would be those with bad luck, and the mean would be too low. The worst alpha of n
    worlds are ceil(alpha n), at least one; of equally ranked worlds the first.
    """
    first, second = (checked(np.asarray(part)[None])[0] for part in (first, second))
    if first.shape != second.shape:
        raise ValueError(
            f"both sets must have the same worlds, got {len(first)} and {len(second)} of them"
        )
    if any(not 0 < alpha <= 1 for alpha in alphas):
        raise ValueError(f"shares of worlds must lie in (0, 1], got {list(alphas)}")
    ranked = second[np.argsort(first, kind="stable")]
    # rounded first, since 0.07 * 100 is 7.000000000000001
    counts = [math.ceil(round(alpha * len(ranked), 9)) for alpha in alphas]
    return np.array([ranked[:count].mean() for count in counts])


def _estimate(groups: Sequence[np.ndarray], statistic: Callable[..., Any]) -> Estimate:
    """A statistic of groups, each [seeds, worlds], with its percentile bootstrap interval.

    Each world of each group is a stratum, whose seeds are drawn again with replacement. The draws
    are the same in every call, so equal scores have equal intervals.
    """
    value = float(statistic(*groups))
    if min(len(group) for group in groups) < 2:
        return Estimate(value, None, None)
    cells = math.prod(map(len, groups)) * groups[0].shape[1]  # of a resample, pairs of seeds
    batch, rng = max(1, MOST_CELLS // cells), np.random.default_rng(0)
    found = [
        statistic(*(_resampled(group, min(batch, RESAMPLES - first), rng) for group in groups))
        for first in range(0, RESAMPLES, batch)
    ]
    low, high = np.quantile(np.concatenate(found), [0.025, 0.975])
    return Estimate(value, float(low), float(high))


def _resampled(group: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Resamples [count, seeds, worlds] of a group [seeds, worlds]: the seeds of every world drawn
    again with replacement, each world by itself.

    SciPy's bootstrap takes every world as a sample of its own, 50 s for 10,000 worlds.
    """
    drawn = rng.integers(len(group), size=(count, *group.shape))
    return np.take_along_axis(group[None], drawn, 1)
