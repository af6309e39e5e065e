"""Mixtures of Gaussians with full covariances, fitted by expectation-maximisation, and their choice
by Akaike's information criterion (Akaike 1974).

Notation: n points, d dimensions, c components. Sums are without BLAS, whose last bits may depend on
the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

ITERATIONS, TOLERANCE = 100, 1e-3  # of the mean log-likelihood
FLOOR = 1e-6  # added to the diagonals of covariances


@dataclass(frozen=True)
class Mixture:
    """weights: [c], of sum 1. means: [c, d]. covariances: [c, d, d]."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def joint(self, points: np.ndarray) -> np.ndarray:
        """log(weight density) of each point [n, d] under each component, [n, c]."""
        d = points.shape[1]
        found = np.empty((len(points), len(self.weights)))
        for at, (mean, covariance) in enumerate(zip(self.means, self.covariances, strict=True)):
            root = np.linalg.cholesky(covariance)
            apart = np.linalg.solve(root, (points - mean).T)
            spread = 2 * np.log(np.diagonal(root)).sum() + d * np.log(2 * np.pi)
            found[:, at] = np.log(self.weights[at]) - 0.5 * (spread + (apart**2).sum(0))
        return found

    def log_likelihood(self, points: np.ndarray) -> float:
        """The sum over the points [n, d]."""
        return float(_log_sum(self.joint(points)).sum())


def aic(log_likelihood: float, components: int, dimensions: int) -> float:
    """Akaike's criterion, 2 (free numbers) - 2 (log-likelihood): the lower, the better."""
    a_component = dimensions + dimensions * (dimensions + 1) // 2
    return 2.0 * (components * a_component + components - 1) - 2.0 * log_likelihood


def best_fit(points: np.ndarray, components: Iterable[int], rng: np.random.Generator) -> Mixture:
    """The fit to points [n, d] with the number of components of least AIC; of equal ones the first.

    Numbers above n are left out. ValueError if none is left.
    """
    fits = [fitted(points, count, rng) for count in components if count <= len(points)]
    if not fits:
        raise ValueError(f"a mixture needs a point a component, got {len(points)} points")
    d = points.shape[1]
    values = [aic(fit.log_likelihood(points), len(fit.weights), d) for fit in fits]
    return fits[int(np.argmin(values))]


def fitted(points: np.ndarray, components: int, rng: np.random.Generator) -> Mixture:
    """A mixture of so many components fitted to points [n, d], from centres drawn far apart."""
    nearest = _apart(points, points[_centres(points, components, rng)]).argmin(1)
    mixture = _maximised(points, np.eye(components)[nearest])
    before = -np.inf
    for _ in range(ITERATIONS):
        joint = mixture.joint(points)
        whole = _log_sum(joint)
        if (now := float(whole.mean())) - before < TOLERANCE:
            break
        mixture, before = _maximised(points, np.exp(joint - whole[:, None])), now
    return mixture


def _centres(points: np.ndarray, count: int, rng: np.random.Generator) -> list[int]:
    """Rows of points, each drawn in proportion to its squared distance from the earlier ones
    (k-means++, Arthur & Vassilvitskii 2007).
    """
    chosen = [int(rng.integers(len(points)))]
    while len(chosen) < count:
        apart = _apart(points, points[chosen]).min(1)
        total = apart.sum()
        chances = apart / total if total > 0 else None  # all points are centres already
        chosen.append(int(rng.choice(len(points), p=chances)))
    return chosen


def _apart(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Squared distances, [n, centres]."""
    return ((points[:, None] - centres) ** 2).sum(-1)


def _maximised(points: np.ndarray, shares: np.ndarray) -> Mixture:
    """The mixture of greatest likelihood where the components have these shares [n, c] of each
    point.
    """
    counts = shares.sum(0) + 10 * np.finfo(float).eps
    means = np.einsum("nc,nd->cd", shares, points) / counts[:, None]
    apart = points[:, None] - means
    covariances = np.einsum("nc,ncd,nce->cde", shares, apart, apart) / counts[:, None, None]
    covariances += FLOOR * np.eye(points.shape[1])
    return Mixture(counts / counts.sum(), means, covariances)


def _log_sum(joint: np.ndarray) -> np.ndarray:
    """log sum exp over the components of [n, c], [n]."""
    most = joint.max(1)
    return most + np.log(np.exp(joint - most[:, None]).sum(1))
