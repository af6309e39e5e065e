"""The classes of difficulty and the space of environments of POET's paper (arXiv 1901.01753)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NAMES = ("easy", "challenging", "very challenging", "extremely challenging")
# Largest values in the paper's distances: roughness; gaps, low and high; stumps, low and high.
MAXIMA = np.array([8.0, 8.0, 8.0, 3.0, 3.0])
TOPS = (0, 2, 4)  # places of the values that a class is about: roughness, widest gap, highest stump
NEVER = -1  # in `solved`


@dataclass(frozen=True, eq=False)
class Worlds:
    """The environments that a run has created, oldest first.

    vectors: [worlds, 5] float64: roughness; gap, low and high; stump, low and high; in the genome's
    units. born, solved: [worlds] int64: iterations of creation and of the first solution, NEVER if
    there is none. levels: [worlds] int64: classes of difficulty, 0 to 3 (`levels`).
    """

    vectors: np.ndarray
    born: np.ndarray
    solved: np.ndarray
    levels: np.ndarray

    @property
    def is_solved(self) -> np.ndarray:
        """[worlds] bool"""
        return self.solved != NEVER


def levels(vectors: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Class of each environment, [worlds] int64: how many of the three thresholds it reaches.

    vectors: [worlds, 5]. thresholds: [3], of roughness, the widest gap and the highest stump.
    """
    return (checked(vectors)[:, TOPS] >= thresholds).sum(1)


def distances(targets: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The paper's distance of each target to each other environment, [targets, others].

    ||(e(A) - e(B)) / maxima||_2 / sqrt(5), for environments [n, 5].
    """
    difference = (checked(targets)[:, None] - checked(others)[None]) / MAXIMA
    return np.linalg.norm(difference, axis=-1) / np.sqrt(len(MAXIMA))


def uniform(
    level: int, thresholds: np.ndarray, number: int, rng: np.random.Generator
) -> np.ndarray:
    """Environments of a class, uniform between 0 and the maxima, [number, 5].

    The ends of an interval are two sorted uniform numbers. ValueError if the thresholds exclude the
    class.
    """
    if not 0 <= level < len(NAMES) or np.any(thresholds > MAXIMA[list(TOPS)]):
        raise ValueError(f"no environment is of class {level} with thresholds {thresholds}")
    found = np.empty((0, len(MAXIMA)))
    while len(found) < number:
        drawn = rng.uniform(0, MAXIMA, (10 * number, len(MAXIMA)))
        drawn[:, 1:] = np.sort(drawn[:, 1:].reshape(-1, 2, 2)).reshape(-1, 4)
        found = np.concatenate([found, drawn[levels(drawn, thresholds) == level]])
    return found[:number]


def checked(vectors: np.ndarray) -> np.ndarray:
    """ValueError unless these are environments [worlds, 5] without NaN."""
    if vectors.ndim != 2 or vectors.shape[1] != len(MAXIMA) or np.isnan(vectors).any():
        raise ValueError(
            f"environments must have shape [worlds, {len(MAXIMA)}] and no NaN, got "
            f"{list(vectors.shape)}"
        )
    return vectors
