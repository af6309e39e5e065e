"""ALP-GMM: levels where the student's return changes most, up or down.

Portelas et al. 2019, "Teacher algorithms for curriculum learning of Deep RL in continuously
parameterized environments" (arXiv 1910.07224). A mixture of Gaussians is fitted to the parameters
of levels together with their absolute learning progress (ALP).

Notation: k parameters of a level, in [0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .gaussian_mixture import best_fit
from .parameters import Parameters, Placed
from .teaching import Level, Tried


@dataclass(frozen=True)
class AlpGmm:
    """A teacher (interfaces.Teacher).

    returns: lowest and highest return; those outside count as these; None: those that occurred.
    fit_every: new levels between two fits, each to as many. components: smallest and largest
    number. random: share of random levels. history: levels whose returns are remembered.
    """

    parameters: Parameters
    returns: tuple[float, float] | None = None
    fit_every: int = 250
    components: tuple[int, int] = (2, 10)
    random: float = 0.2
    history: int = 5000

    size: ClassVar[int] = 0

    def choose(
        self, levels: Sequence[Level], rows: int, memory: Any, rng: np.random.Generator
    ) -> list[Placed]:
        """Random levels until the first fit, then those of the mixture but for a share."""
        return [
            self.parameters.placed(self._vector(memory.get("mixture"), rng), rng)
            for _ in range(rows)
        ]

    def learn(
        self, levels: Sequence[Level], tried: Sequence[Tried], memory: Any, rng: np.random.Generator
    ) -> tuple[list[float], Any]:
        """The ALP of each level, and the memory with a new mixture where one is due.

        Differs: a level's return is the mean over its episodes in one rollout, where the paper has
        one episode; the nearest earlier level is one of the last `history`, where the paper has
        all, since the memory is written after each iteration.
        """
        rows, seen = [list(row) for row in memory.get("history", [])], memory.get("seen", 0)
        scores = []
        for one in tried:
            assert isinstance(one.entry, Placed), "choose makes no others"
            value = (
                one.returns if self.returns is None else float(np.clip(one.returns, *self.returns))
            )
            past = np.array(rows[-self.history :])
            scores.append(progress(np.array(one.entry.vector), value, past))
            rows.append([*one.entry.vector, value, scores[-1]])
        after = {**memory, "history": rows[-self.history :], "seen": seen + len(tried)}
        if after["seen"] // self.fit_every > seen // self.fit_every:
            after["mixture"] = self._fitted(np.array(rows), rng)
        return scores, after

    def _vector(self, mixture: Any, rng: np.random.Generator) -> np.ndarray:
        """Parameters [k]: of the mixture's components that with the highest mean ALP is drawn most.

        mixture: None before the first fit.
        """
        if mixture is None or rng.random() < self.random:
            return rng.uniform(size=self.parameters.size)
        at = rng.choice(len(mixture["progress"]), p=chances(np.array(mixture["progress"])))
        root = np.linalg.cholesky(np.array(mixture["covariances"][at]))
        return np.array(mixture["means"][at]) + np.einsum(
            "ij,j->i", root, rng.standard_normal(self.parameters.size)
        )

    def _fitted(self, rows: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
        """The mixture of the last levels: mean ALP of each component, and mean and covariance of
        its parameters.
        """
        low, high = self.returns or (rows[:, -2].min(), rows[:, -2].max())
        points = np.delete(rows[-self.fit_every :], -2, axis=1)
        points[:, -1] /= (high - low) or 1.0
        fewest, most = self.components
        found, k = best_fit(points, range(fewest, most + 1), rng), self.parameters.size
        return {
            "progress": found.means[:, k].tolist(),
            "means": found.means[:, :k].tolist(),
            "covariances": found.covariances[:, :k, :k].tolist(),
        }


def progress(vector: np.ndarray, value: float, past: np.ndarray) -> float:
    """The absolute learning progress of a level: |its return - that of the nearest earlier level|;
    0 for the first.

    vector: [k]. past: [levels, k + 2], each with its parameters, return and progress. Of equally
    near levels the last counts.
    """
    if not len(past):
        return 0.0
    apart = ((past[::-1, :-2] - vector) ** 2).sum(1)
    return abs(value - float(past[::-1][apart.argmin(), -2]))


def chances(progress: np.ndarray) -> np.ndarray:
    """The probability of each component, [c]: in proportion to its mean ALP; equal if all are 0."""
    positive = np.maximum(progress, 0.0)
    total = positive.sum()
    return positive / total if total > 0 else np.full(len(progress), 1 / len(progress))
