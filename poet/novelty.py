"""Novelty of a task: its mean distance to the k nearest of all tasks that were ever niches, retired
or active.

Two measures. Parameters (1901.01753): Euclidean distance of the family's `describe`, in raw units,
as the reference code has it. PATA-EC (2003.08536): a task is what it does to the order of all
agents ever: clip each agent's score to the minimal criterion, take ranks. Scores of a retired agent
never change, so they are computed once and kept in the population.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .config import PoetConfig, Setup
from .evaluation import evaluate, trial_key
from .niche import Child, Population
from .streams import Key

Scores = Mapping[tuple[int, int], float]


@dataclass(frozen=True)
class Novelties:
    """of: novelty by child id; the scores behind it, {(agent's niche, niche or child): score},
    empty for parameters.
    """

    of: Mapping[int, float]
    in_niches: Scores = field(default_factory=dict)
    in_children: Scores = field(default_factory=dict)


def novelties(
    children: Sequence[Child], population: Population, setup: Setup, key: Key
) -> Novelties:
    """How new each child is to the population."""
    if setup.config.novelty == "parameters":
        return by_parameters(children, population, setup)
    return by_pata_ec(children, population, setup, key)


def by_parameters(children: Sequence[Child], population: Population, setup: Setup) -> Novelties:
    known = np.array([setup.family.describe(niche.task) for niche in population.niches], np.float64)
    new = np.array([setup.family.describe(child.task) for child in children], np.float64)
    return _measured(children, new, known, setup.config)


def by_pata_ec(
    children: Sequence[Child], population: Population, setup: Setup, key: Key
) -> Novelties:
    """All agents ever scored in all tasks ever and in the children, in one call; what is known is
    not asked again.

    Differs: the Enhanced POET code scores every pair anew each time (B17).
    """
    niches, config = population.niches, setup.config
    places = [(niche.id, niche.task, False) for niche in niches] + [
        (child.id, child.task, True) for child in children
    ]
    trials = [
        trial_key(config.seed, setup.family, task).spent_as(key.child("novelty"))
        for _, task, _ in places
    ]
    missing = [
        (agent, place, trial)
        for place, trial in zip(places, trials, strict=True)
        for agent in niches
        if place[2] or (agent.id, place[0]) not in population.scores_of_retired
    ]
    agents = [agent.agent for agent, _, _ in missing]
    scores, *_ = evaluate(
        setup.learner,
        agents,
        [place[1] for _, place, _ in missing],
        [trial for _, _, trial in missing],
    )
    in_niches = dict(population.scores_of_retired)
    in_children: dict[tuple[int, int], float] = {}
    for (agent, (id, _, is_child), _), score in zip(missing, scores, strict=True):
        (in_children if is_child else in_niches)[agent.id, id] = float(score)
    known = pata_ec(
        [[in_niches[agent.id, place.id] for agent in niches] for place in niches], config
    )
    new = pata_ec(
        [[in_children[agent.id, child.id] for agent in niches] for child in children], config
    )
    return Novelties(_measured(children, new, known, config).of, in_niches, in_children)


def remembered(population: Population, novel: Novelties) -> Population:
    """The population with those scores kept that can never change: of agents that are retired
    now.
    """
    if not novel.in_niches:
        return population
    births = {
        e.id: e.niche for e in population.events if isinstance(e, Child) and e.niche is not None
    }
    known = dict(novel.in_niches)
    known |= {
        (agent, births[id]): score
        for (agent, id), score in novel.in_children.items()
        if id in births
    }
    retired = {niche.id for niche in population.retired}
    return replace(
        population, scores_of_retired={p: s for p, s in known.items() if p[0] in retired}
    )


def pata_ec(scores: Sequence[Sequence[float]], config: PoetConfig) -> np.ndarray:
    """Characterisations [tasks, agents] in [-0.5, 0.5] of scores [tasks, agents]."""
    clipped = np.clip(np.array(scores, np.float64), config.mc_low, config.mc_high)
    return np.array([centred_ranks(row) for row in clipped])


def centred_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks of values [m], scaled to [-0.5, 0.5]; equal values share their mean rank. One value:
    [0.0].

    Differs: the reference gives equal values distinct ranks in order of position (B4), and one
    value 0/0 (B2).
    """
    if np.isnan(values).any():
        raise ValueError(
            f"ranks need numbers, got NaN at position {int(np.flatnonzero(np.isnan(values))[0])}"
        )
    if len(values) == 1:
        return np.zeros(1)
    ordered = np.sort(values)
    first, last = (
        np.searchsorted(ordered, values, "left"),
        np.searchsorted(ordered, values, "right") - 1,
    )
    return (first + last) / 2 / (len(values) - 1) - 0.5


def mean_distance(point: np.ndarray, known: np.ndarray, k: int) -> float:
    """Mean Euclidean distance of a point [d] to its k nearest of known [tasks, d]; to all, where
    there are fewer.
    """
    distances = np.sort(np.linalg.norm(known - point, axis=1))
    return float(distances[:k].mean())


def _measured(
    children: Sequence[Child], new: np.ndarray, known: np.ndarray, config: PoetConfig
) -> Novelties:
    if not (np.isfinite(new).all() and np.isfinite(known).all()):
        raise ValueError(
            "a task's description must be finite, got NaN or infinity from family.describe"
        )
    return Novelties(
        {
            c.id: mean_distance(row, known, config.neighbours)
            for c, row in zip(children, new, strict=True)
        }
    )
