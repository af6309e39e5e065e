"""Seeds, generators, reset masks and infos of a vector environment's rows, by Gymnasium's rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.utils import seeding

from .pose import motion

if TYPE_CHECKING:
    from .batch import WalkerBatch


class RowGenerators:
    """A random generator per row, [n], made at first use.

    generators, seeds: each row's generator and the seed it was made with.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.generators: list[np.random.Generator] = []
        self.seeds: list[int] = []

    def make(self) -> None:
        """Make generators from the operating system's entropy for rows without a seed."""
        self.seed(None, np.zeros(self.n, bool))

    def seed(self, seed: int | Sequence[int | None] | None, rows: np.ndarray) -> None:
        """Replace the generators of rows in the mask [n] bool that have a seed; the first call
        makes all of them.

        seed: row i has seed + i for a number, seed[i] for a list; None keeps the generators.
        """
        seeds = self._one_a_row(seed)
        if not self.generators:
            made = [seeding.np_random(each) for each in seeds]
            self.generators, self.seeds = [rng for rng, _ in made], [each for _, each in made]
            return
        for row, each in enumerate(seeds):
            if rows[row] and each is not None:
                self.generators[row], self.seeds[row] = seeding.np_random(each)

    def _one_a_row(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        if seed is None:
            return [None] * self.n
        seeds: list[int | None]
        seeds = [seed + i for i in range(self.n)] if isinstance(seed, int) else list(seed)
        if len(seeds) != self.n:
            raise ValueError(f"seed must be one number or {self.n} of them, got {len(seeds)}")
        return seeds


def reset_mask(given: Any, n: int) -> np.ndarray:
    """A copy of the reset mask [n] bool. TypeError or ValueError as in Gymnasium."""
    if not isinstance(given, np.ndarray) or given.dtype != bool:
        got = str(given)[:60]
        raise TypeError(f'options["reset_mask"] must be a NumPy array of bool, got {got!r}')
    if given.shape != (n,) or not given.any():
        raise ValueError(
            f'options["reset_mask"] must have shape [{n}] and at least one True, '
            f"got shape {list(given.shape)} with {int(given.sum())}"
        )
    return given.copy()


def hull_infos(batch: WalkerBatch, rows: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Position [m] and velocity [m/s] along x of the hulls of the rows in the mask [n] bool (None:
    all), in the format of SyncVectorEnv.
    """
    position, velocity = motion(batch)
    chosen = np.ones(batch.n, bool)
    if rows is not None:
        chosen &= rows
        position, velocity = np.where(rows, position, 0.0), np.where(rows, velocity, 0.0)
    return {
        "x_position": position,
        "_x_position": chosen,
        "x_velocity": velocity,
        "_x_velocity": chosen.copy(),
    }


def final_infos(batch: WalkerBatch, over: np.ndarray, observations: np.ndarray) -> dict[str, Any]:
    """Observations [n, 24] and infos of the last step of the rows in the mask `over` [n] bool, in
    the format of SyncVectorEnv.
    """
    last = np.full(batch.n, None, object)
    for row in np.flatnonzero(over):
        last[row] = observations[row]
    return {
        "final_obs": last,
        "final_info": hull_infos(batch, over),
        "_final_obs": over,
        "_final_info": over.copy(),
    }
