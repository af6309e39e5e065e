"""Levels as vectors of numbers, for curricula that set the parameters of a level.

A family offers them by `level_at`, or by the ranges of its genes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np

from ..interfaces import Task
from .levels import New

DIGITS = 6  # of a parameter, so that a memory with many vectors stays short


@dataclass(frozen=True)
class Parameters:
    """size: numbers of a level, k. build: the level of a vector [k] in [0, 1]; what these numbers
    do not determine, such as a seed, is drawn from the generator.
    """

    size: int
    build: Callable[[np.ndarray, np.random.Generator], Task]

    def placed(self, vector: np.ndarray, rng: np.random.Generator) -> Placed:
        """The level of a vector [k], which is clipped to [0, 1] and rounded."""
        inside = np.round(np.clip(vector, 0.0, 1.0), DIGITS) + 0.0
        return Placed(self.build(inside, rng), vector=tuple(inside.tolist()))


@dataclass(frozen=True)
class Placed(New):
    """A new level with its vector, k numbers."""

    vector: tuple[float, ...] = ()


def parameters_of(family: Any) -> Parameters:
    """The parameters of a family's levels. ValueError, one line, if it has none."""
    if hasattr(family, "level_at"):
        return Parameters(family.level_size, family.level_at)
    if hasattr(family, "ranges") and "ranges" in signature(family.sample).parameters:
        ranges = family.ranges()
        low, high = (np.array([pair[end] for pair in ranges.values()], float) for end in (0, 1))

        def build(vector: np.ndarray, rng: np.random.Generator) -> Task:
            values = np.clip(low + vector * (high - low), low, high).tolist()
            exact = {name: (value, value) for name, value in zip(ranges, values, strict=True)}
            return family.sample(rng, exact)

        if ranges:
            return Parameters(len(ranges), build)
    raise ValueError(
        "this curriculum sets the parameters of levels, and this family has none to set: it needs "
        "a method `level_at`, or `ranges` and `sample(rng, ranges)`; take dr, plr, accel or sfl"
    )
