"""Levels for curricula as dcd makes them: drawn from the full range, 'easy', and edited.

Parker-Holder et al. 2022, ACCEL (arXiv 2203.01302), table 9 and appendix C. A level is an obstacle
genome with the eight parameters of dcd_level.NAMES, or those of the categories in the bounds.
Lengths are in tiles of 14/30 m.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .cppn import Cppn
from .obstacles import (
    FIRST_GAP,
    FIRST_HEIGHT,
    GAP_STEP,
    HEIGHT_STEP,
    ROUGHNESS_STEP,
    Bounds,
    Interval,
    Obstacles,
)
from .task import TaskSettings, WalkerTask

if TYPE_CHECKING:
    from .body_genes import BodyGenes
    from .settings import WalkerSettings

SEEDS = 10**6  # a niche's seed is drawn from [0, SEEDS), as in the reference


@dataclass(frozen=True)
class Parameter:
    """One number of a level. end: 0 or 1 of an interval, None of a single number."""

    name: str  # of the genome's field
    end: int | None
    low: float
    high: float
    step: float


def parameters(bounds: Bounds) -> list[Parameter]:
    """The numbers of a level within the bounds, in the order of dcd_level.NAMES."""
    found = []
    if "roughness" in bounds.categories:
        found.append(Parameter("roughness", None, 0.0, bounds.roughness_max, ROUGHNESS_STEP))
    for category, name, most, step in (
        ("pit", "gap", bounds.gap_max, GAP_STEP),
        ("stump", "stump", bounds.height_max, HEIGHT_STEP),
        ("stairs", "stairs", bounds.height_max, HEIGHT_STEP),
    ):
        if category in bounds.categories:
            found += [Parameter(name, end, 0.0, most, step) for end in (0, 1)]
    if "stairs" in bounds.categories:
        found.append(Parameter("stair_steps", None, 1, bounds.stair_steps_max, 1))
    return found


def random(bounds: Bounds, rng: np.random.Generator) -> Obstacles:
    """Every parameter uniform over its full range; the ends of an interval are sorted."""
    return _genome({p: float(rng.uniform(p.low, p.high)) for p in parameters(bounds)})


def easy(bounds: Bounds, rng: np.random.Generator) -> Obstacles:
    """An 'easy' base level: roughness uniform in [0, 0.6], the first gaps, stumps and stairs."""
    first = {"gap": FIRST_GAP, "stump": FIRST_HEIGHT, "stairs": FIRST_HEIGHT}
    values = {}
    for p in parameters(bounds):
        if p.end is None:
            values[p] = p.low if p.name == "stair_steps" else float(rng.uniform(0, p.step))
        else:
            values[p] = first[p.name][p.end]
    return _genome(values)


def edit(genome: Obstacles, bounds: Bounds, rng: np.random.Generator) -> Obstacles:
    """One parameter moved by its step in a direction drawn from -1, 0 and 1; roughness by a uniform
    number up to its step.

    Differs from ACCEL's text, as its code does: a third of the edits change nothing.
    """
    known = parameters(bounds)
    if not known:
        return genome
    values = {p: _value(genome, p) for p in known}
    chosen = known[int(rng.integers(len(known)))]
    size = float(rng.uniform(0, chosen.step)) if chosen.name == "roughness" else chosen.step
    moved = values[chosen] + int(rng.integers(-1, 2)) * size
    values[chosen] = float(np.clip(moved, chosen.low, chosen.high))
    return _genome(values)


def _value(genome: Obstacles, parameter: Parameter) -> float:
    """The genome's number; that of an absent obstacle is the least."""
    found: Any = getattr(genome, parameter.name)
    if parameter.end is not None:
        found = found[parameter.end] if found is not None else parameter.low
    return float(found)


def _genome(values: dict[Parameter, float]) -> Obstacles:
    fields: dict[str, float | int | Interval] = {}
    for parameter, value in values.items():
        name = parameter.name
        if parameter.end == 0:
            fields[name] = value, value
        elif parameter.end == 1:
            low = fields[name][0]  # type: ignore[index]  # its first end comes before
            fields[name] = min(low, value), max(low, value)
        else:
            fields[name] = round(value) if name == "stair_steps" else value
    return Obstacles(**fields)  # type: ignore[arg-type]  # by name


class Levels(ABC):
    """The methods of the walker's family for curricula; a base class of it."""

    settings: WalkerSettings
    bounds: Bounds
    own: TaskSettings
    body: BodyGenes | None

    @abstractmethod
    def origin(self) -> WalkerTask: ...

    @abstractmethod
    def mutate(self, task: WalkerTask, rng: np.random.Generator) -> WalkerTask: ...

    def level(self, rng: np.random.Generator) -> WalkerTask:
        """A random level for a curriculum: as `sample`, not rounded, and with a terrain of its own
        if tasks have one.
        """
        self._check_bounds()
        return WalkerTask(random(self.bounds, rng), self._seed(rng), self.own, self.body)

    @property
    def level_size(self) -> int:
        """The numbers of a level, for `level_at`. ValueError with CPPNs."""
        self._check_bounds()
        return len(parameters(self.bounds))

    def level_at(self, vector: np.ndarray, rng: np.random.Generator) -> WalkerTask:
        """The level whose parameters are at these places of their ranges, [level_size] in [0, 1].

        The ends of an interval are sorted. A seed, if tasks have one, is drawn.
        """
        places = zip(parameters(self.bounds), vector.tolist(), strict=True)
        genome = _genome({p: p.low + place * (p.high - p.low) for p, place in places})
        return WalkerTask(genome, self._seed(rng), self.own, self.body)

    def easy_level(self, rng: np.random.Generator) -> WalkerTask:
        """A level near flat ground: dcd's 'easy', or with CPPNs a mutation of the origin."""
        if self.settings.encoding == "cppn":
            return self.mutate(self.origin(), rng)
        return WalkerTask(easy(self.bounds, rng), self._seed(rng), self.own, self.body)

    def edit(self, task: WalkerTask, rng: np.random.Generator) -> WalkerTask:
        """The level after one of dcd's edits, with a new seed; of a CPPN a mutation."""
        if isinstance(task.genome, Cppn):
            return self.mutate(task, rng)
        genome = edit(task.genome, self.bounds, rng)
        return replace(task, genome=genome, seed=self._seed(rng))

    def _seed(self, rng: np.random.Generator) -> int | None:
        """A seed of a new task, if tasks have one."""
        return int(rng.integers(SEEDS)) if self.settings.seeds == "niche" else None

    def _check_bounds(self) -> None:
        if self.settings.encoding == "cppn":
            raise ValueError('a CPPN has no bounds to draw from: set walker.encoding="obstacles"')
