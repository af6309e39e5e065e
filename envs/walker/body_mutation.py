"""Mutation of a walker's body genes (body_genes.py), as POET mutates its obstacles: a gene is
introduced with a first spread; later its centre, its spread or both change by one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from .body_genes import PROBABILITIES, RANGES, BodyGenes, Gene, Range, Reward

PROBABILITY_STEP = 0.1
# largest probabilities; beyond 1/2 the patterns of reversed joints vary less again
MOST = {"reversed": 0.5, "dead": 1.0}


@dataclass(frozen=True)
class BodyBounds:
    """genes: names of those that mutate. reach: their largest spread or probability, as a share of
    the largest possible. reward: of a body to which a mutation gives a target speed.
    """

    genes: tuple[str, ...] = ()
    reach: float = 1.0
    reward: Reward = "instead"


def smallest_reach(name: str) -> float:
    """The smallest `reach` with which a mutation can introduce the gene."""
    if name in PROBABILITIES:
        return PROBABILITY_STEP / MOST[name]
    return RANGES[name].step / RANGES[name].widest


def mutate(genes: BodyGenes, bounds: BodyBounds, rng: np.random.Generator) -> BodyGenes:
    """A neighbour: one of the genes of `bounds` changed, or several, each further one with
    probability 1/4; `genes` if there is none.
    """
    if not bounds.genes:
        return genes
    first = bounds.genes[int(rng.integers(len(bounds.genes)))]
    changes: dict[str, Any] = {}
    for name in bounds.genes:
        if name != first and rng.random() >= 0.25:
            continue
        value = getattr(genes, name)
        if name in PROBABILITIES:
            changes[name] = _probability(value, bounds.reach * MOST[name], rng)
        else:
            changes[name] = _moved(value, RANGES[name], bounds.reach, rng)
    if changes.get("target_speed", (0.0, 0.0))[1] > 0 and genes.reward == "progress":
        changes["reward"] = bounds.reward
    return replace(genes, **changes)


def _probability(value: float, most: float, rng: np.random.Generator) -> float:
    """A step up or down, in [0, most]; up from 0."""
    choices = [round(value + step, 3) + 0.0 for step in (PROBABILITY_STEP, -PROBABILITY_STEP)]
    return _one_of([choice for choice in choices if 0 <= choice <= most], value, rng)


def _moved(gene: Gene, allowed: Range, reach: float, rng: np.random.Generator) -> Gene:
    """A random neighbour: centre, spread or both changed by a step; never below a first spread."""
    step, widest = allowed.step, reach * allowed.widest
    if gene[1] == 0:
        centre = min(max(gene[0], allowed.low + step), allowed.high - step)
        moves = [(centre, step)]
    else:
        moves = [
            (round(gene[0] + i * step, 3) + 0.0, round(gene[1] + j * step, 3) + 0.0)
            for i, j in product((1, 0, -1), repeat=2)
            if (i, j) != (0, 0)
        ]
    fitting = [move for move in moves if move[1] <= widest + 1e-9 and allowed.contains(move)]
    return _one_of([move for move in fitting if move[1] >= step], gene, rng)


def _one_of(choices: Sequence[Any], otherwise: Any, rng: np.random.Generator) -> Any:
    return choices[int(rng.integers(len(choices)))] if choices else otherwise
