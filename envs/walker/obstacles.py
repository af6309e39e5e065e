"""POET's terrain genome (arXiv 1901.01753, table 1): roughness of the ground, sizes of gaps, stumps
and stairs.

Lengths are in tiles of 14/30 m. An interval is the range from which each obstacle's size is drawn;
None: no such obstacles. A mutation changes every enabled category by one step, as in the reference
code, or a random subset, as in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np

Interval = tuple[float, float]
Category = Literal["stump", "pit", "roughness", "stairs"]
Mutates = Literal["all", "some"]
CATEGORIES: tuple[Category, ...] = ("stump", "pit", "roughness", "stairs")

FIRST_GAP: Interval = (0.0, 0.8)
FIRST_HEIGHT: Interval = (0.0, 0.4)  # of stumps and of a stair's step
GAP_STEP, HEIGHT_STEP, ROUGHNESS_STEP = 0.4, 0.2, 0.6


@dataclass(frozen=True)
class Obstacles:
    """A terrain genome; the default is flat ground."""

    roughness: float = 0.0  # in [0, 10]
    gap: Interval | None = None
    stump: Interval | None = None
    stairs: Interval | None = None  # height of a step
    stair_steps: int = 1


@dataclass(frozen=True)
class Bounds:
    """Bounds of a genome and the categories that mutate. The maxima are those of table 1; the
    reference code has gap_max 8.
    """

    categories: tuple[Category, ...] = ("stump", "pit", "roughness")
    roughness_max: float = 10.0
    gap_max: float = 10.0
    height_max: float = 5.0
    stair_steps_max: int = 9
    mutates: Mutates = "all"


def mutate(genome: Obstacles, bounds: Bounds, rng: np.random.Generator) -> Obstacles:
    """A neighbour: categories of `bounds` changed by one step, or introduced with their first
    values.
    """
    child, picked = genome, _picked(bounds, rng)
    if "roughness" in picked:
        lowest = 0.0 if bounds.mutates == "some" and genome.roughness == 0 else -ROUGHNESS_STEP
        rough = round(genome.roughness + rng.uniform(lowest, ROUGHNESS_STEP), 1)
        rough = float(np.clip(rough, 0.0, bounds.roughness_max)) + 0.0  # -0.0 becomes 0.0
        child = replace(child, roughness=rough)
    if "pit" in picked:
        child = replace(child, gap=_moved(genome.gap, FIRST_GAP, GAP_STEP, bounds.gap_max, rng))
    if "stump" in picked:
        child = replace(
            child, stump=_moved(genome.stump, FIRST_HEIGHT, HEIGHT_STEP, bounds.height_max, rng)
        )
    if "stairs" in picked:
        # Differs: the reference initialises stairs from the stumps' variable and never changes
        # their number (B21).
        steps = genome.stair_steps + int(rng.integers(-1, 2)) if genome.stairs else 1
        child = replace(
            child,
            stairs=_moved(genome.stairs, FIRST_HEIGHT, HEIGHT_STEP, bounds.height_max, rng),
            stair_steps=int(np.clip(steps, 1, bounds.stair_steps_max)),
        )
    return child


def toward(genome: Obstacles, target: Obstacles, rng: np.random.Generator) -> Obstacles:
    """A step of the paper's direct-path control, which goes from flat ground to a target: each
    parameter, with equal chance, stays or takes a step toward the target's, at most up to it.

    Steps are those of a mutation, and obstacles are introduced with their first values. A draw that
    changes nothing is repeated. The target itself is returned as it is.
    """
    child = genome
    while child == genome != target:
        rough = _nearer(genome.roughness, target.roughness, rng.uniform(0.0, ROUGHNESS_STEP), rng)
        child = Obstacles(
            roughness=rough,
            gap=_approached(genome.gap, target.gap, FIRST_GAP, GAP_STEP, rng),
            stump=_approached(genome.stump, target.stump, FIRST_HEIGHT, HEIGHT_STEP, rng),
            stairs=_approached(genome.stairs, target.stairs, FIRST_HEIGHT, HEIGHT_STEP, rng),
            stair_steps=round(_nearer(genome.stair_steps, target.stair_steps, 1, rng)),
        )
    return child


def _approached(
    interval: Interval | None,
    goal: Interval | None,
    first: Interval,
    step: float,
    rng: np.random.Generator,
) -> Interval | None:
    """An interval whose ends have each taken a step toward the goal's, or have not."""
    if interval is None or goal is None:
        other = None if goal is None else first
        return other if rng.random() < 0.5 else interval
    low, high = (_nearer(a, b, step, rng) for a, b in zip(interval, goal, strict=True))
    return min(low, high), high


def _nearer(value: float, goal: float, step: float, rng: np.random.Generator) -> float:
    """With probability 1/2 the value itself, else one that is nearer to the goal by a step."""
    if rng.random() < 0.5:
        return value
    return goal if abs(goal - value) <= step else round(value + np.copysign(step, goal - value), 1)


def _picked(bounds: Bounds, rng: np.random.Generator) -> tuple[Category, ...]:
    """The categories that a mutation changes.

    "some": each with probability 1/2, independently, as in the paper's direct-path control (the
    paper does not state the probability). An empty draw is repeated, since a child equal to its
    parent would be a duplicate.
    """
    picked = bounds.categories
    while bounds.mutates == "some" and bounds.categories:
        if picked := tuple(category for category in bounds.categories if rng.random() < 0.5):
            break
    return picked


def sample(bounds: Bounds, rng: np.random.Generator) -> Obstacles:
    """A genome with each category of `bounds` uniform within them; the ends of an interval are two
    sorted uniform numbers.
    """

    def interval(category: Category, most: float) -> Interval | None:
        low, high = np.round(np.sort(rng.uniform(0.0, most, 2)), 1).tolist()
        return (low, high) if category in bounds.categories else None

    rough = round(float(rng.uniform(0.0, bounds.roughness_max)), 1)
    return Obstacles(
        roughness=rough if "roughness" in bounds.categories else 0.0,
        gap=interval("pit", bounds.gap_max),
        stump=interval("stump", bounds.height_max),
        stairs=interval("stairs", bounds.height_max),
        stair_steps=int(rng.integers(1, bounds.stair_steps_max + 1))
        if "stairs" in bounds.categories
        else 1,
    )


def _moved(
    interval: Interval | None,
    first: Interval,
    step: float,
    largest: float,
    rng: np.random.Generator,
) -> Interval:
    """A random neighbour of an interval: either end, or both, changed by a step; never below the
    first value.
    """
    if interval is None:
        return first
    moves = [
        (low, high)
        for i, j in product((1, 0, -1), repeat=2)
        if (i, j) != (0, 0)
        for low, high in [
            (round(interval[0] + i * step, 1) + 0.0, round(interval[1] + j * step, 1) + 0.0)
        ]
        if first[0] <= low <= high <= largest and high >= first[1]
    ]
    return moves[int(rng.integers(len(moves)))] if moves else interval


def describe(genome: Obstacles, bounds: Bounds) -> np.ndarray:
    """(roughness, gap low, gap high, stump low, stump high[, stairs low, high, steps]) in the
    genome's units; 0 for absent obstacles.
    """
    ends = [*(genome.gap or (0.0, 0.0)), *(genome.stump or (0.0, 0.0))]
    stairs = [*(genome.stairs or (0.0, 0.0)), genome.stair_steps if genome.stairs else 0.0]
    return np.array(
        [genome.roughness, *ends, *(stairs if "stairs" in bounds.categories else [])], np.float64
    )


# The paper's table 2: 1.2, 2.0 and 4.5 times the values of a hardcore-like reference environment.
STUMP_HARD, GAP_HARD, ROUGHNESS_HARD = 2.4, 6.0, 4.5
CLASSES = ("easy", "challenging", "very challenging", "extremely challenging")


def difficulty(genome: Obstacles) -> str:
    """The paper's class of difficulty, by the number of thresholds that the genome reaches."""
    met = (
        (genome.stump is not None and genome.stump[1] >= STUMP_HARD)
        + (genome.gap is not None and genome.gap[1] >= GAP_HARD)
        + (genome.roughness >= ROUGHNESS_HARD)
    )
    return CLASSES[met]


def title(genome: Obstacles) -> str:
    """A description such as "roughness 0.4, gaps 0-0.8, stumps 0-0.4"."""
    parts = [f"roughness {genome.roughness:g}"] if genome.roughness else []
    parts += [f"gaps {genome.gap[0]:g}-{genome.gap[1]:g}"] if genome.gap else []
    parts += [f"stumps {genome.stump[0]:g}-{genome.stump[1]:g}"] if genome.stump else []
    parts += (
        [f"{genome.stair_steps} stairs {genome.stairs[0]:g}-{genome.stairs[1]:g}"]
        if genome.stairs
        else []
    )
    return ", ".join(parts) or "flat"
