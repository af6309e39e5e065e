"""Novelty of a task: its mean distance to the k nearest of all tasks that were ever niches, retired
or active.

Two measures. ParameterNovelty (arXiv 1901.01753): Euclidean distance of the family's `describe`, in
raw units, as in the reference code, or standardised. PataEc (arXiv 2003.08536): a task is
characterised by how it ranks all agents ever: clip each agent's score to the minimal criterion,
then take ranks. Scores of retired agents never change, so they are computed once and kept in the
population.

`distances_from_first` is not a measure of novelty; it is for `poet.order = "distance"` and
`"balanced"`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .evaluation import evaluate
from .niche import Child, Niche, Population
from .streams import Key
from .trial_keys import task_key
from .trials import Trial

if TYPE_CHECKING:
    from .config import Setup
    from .interfaces import TaskFamily

Scores = Mapping[tuple[int, int], float]


@dataclass(frozen=True)
class Novelties:
    """The novelty of each child, and the scores it was computed from, if it was from scores."""

    of: Mapping[int, float]  # by child id
    in_niches: Scores = field(default_factory=dict)  # {(the agent's niche, niche): score}
    in_children: Scores = field(default_factory=dict)  # {(the agent's niche, child): score}


class Novelty(Protocol):
    """A measure of how different children are from all tasks so far."""

    def measure(
        self, children: Sequence[Child], population: Population, setup: Setup, key: Key
    ) -> Novelties:
        """The novelty of at least one child."""
        ...


@dataclass(frozen=True)
class ParameterNovelty:
    """Distance between the parameters of tasks (`TaskFamily.describe`)."""

    neighbours: int  # k: of so many nearest tasks the mean distance is taken
    standardised: bool = False  # each parameter in units of its standard deviation over all tasks

    def measure(
        self, children: Sequence[Child], population: Population, setup: Setup, key: Key
    ) -> Novelties:
        known, new = _described(children, population, setup.family)
        if self.standardised:
            known, new = _standardised(known, new)
        return Novelties(_distances(children, new, known, self.neighbours))


def distances_from_first(
    children: Sequence[Child], population: Population, family: TaskFamily
) -> dict[int, float]:
    """The distance of each child from the first niche's task, by child id: between their
    parameters, in units of each parameter's standard deviation over all tasks and the children.
    """
    known, new = _standardised(*_described(children, population, family))
    return _distances(children, new, known[:1], 1)


def balanced_distances_from_first(
    children: Sequence[Child], population: Population, family: TaskFamily
) -> dict[int, float]:
    """As `distances_from_first`, but the sum of the square roots of the parameters' differences.

    A step of a parameter that is near the first task's adds more to this sum than the same step of
    one that is far from it; it adds less to the Euclidean distance.
    """
    known, new = _standardised(*_described(children, population, family))
    sums = np.sqrt(np.abs(new - known[0])).sum(1)
    return {child.id: float(far) for child, far in zip(children, sums, strict=True)}


@dataclass(frozen=True)
class PataEc:
    """Distance between the rank vectors of tasks (performance of all transferred agents,
    environment characterisation).
    """

    neighbours: int  # k: of so many nearest tasks the mean distance is taken
    low: float  # scores are clipped to [low, high], the minimal criterion
    high: float

    def measure(
        self, children: Sequence[Child], population: Population, setup: Setup, key: Key
    ) -> Novelties:
        """All agents ever are evaluated in all tasks ever and in the children, in one batch; scores
        of retired agents that are known already are not computed again.

        Differs: the Enhanced POET code evaluates every pair each time (B17).
        """
        niches, known = population.niches, population.scores_of_retired
        purpose = key.child("novelty")
        old = _trials(niches, niches, setup, purpose, known)
        new = _trials(niches, children, setup, purpose)
        results = evaluate(setup.learner, [*old.values(), *new.values()])
        scores = iter([result.score for result in results])
        in_niches = {**known, **dict(zip(old, islice(scores, len(old)), strict=True))}
        in_children = dict(zip(new, scores, strict=True))
        ids = [niche.id for niche in niches]
        before = self.characterise([[in_niches[agent, place] for agent in ids] for place in ids])
        after = self.characterise([[in_children[agent, c.id] for agent in ids] for c in children])
        of = _distances(children, after, before, self.neighbours)
        return Novelties(of, in_niches, in_children)

    def characterise(self, scores: Sequence[Sequence[float]]) -> np.ndarray:
        """Rank vectors [tasks, agents] in [-0.5, 0.5] of scores [tasks, agents]."""
        clipped = np.clip(np.array(scores, np.float64), self.low, self.high)
        return np.array([centred_ranks(row) for row in clipped])


def remembered(population: Population, novel: Novelties) -> Population:
    """The population with those scores kept that can never change: of agents that are retired
    now.
    """
    if not novel.in_niches:
        return population
    births = {child.id: child.niche for child in population.children if child.niche is not None}
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
    """Mean Euclidean distance of a point [d] to the k nearest rows of `known` [tasks, d]; to all of
    them if there are fewer.
    """
    distances = np.sort(np.linalg.norm(known - point, axis=1))
    return float(distances[:k].mean())


def _trials(
    agents: Sequence[Niche],
    places: Sequence[Niche | Child],
    setup: Setup,
    purpose: Key,
    known: Scores = MappingProxyType({}),
) -> dict[tuple[int, int], Trial]:
    """Each agent in each place, {(the agent's niche, place): trial}, without those already known.

    All agents in a place are evaluated on the stream of its task.
    """
    trials: dict[tuple[int, int], Trial] = {}
    for place in places:
        key = task_key(setup.config.seed, setup.family, place.task).spent_as(purpose)
        trials |= {
            (niche.id, place.id): Trial(niche.agent, place.task, key)
            for niche in agents
            if (niche.id, place.id) not in known
        }
    return trials


def _described(
    children: Sequence[Child], population: Population, family: TaskFamily
) -> tuple[np.ndarray, np.ndarray]:
    """The parameters of all niches' tasks [niches, d] and of the children's [children, d]."""
    known = np.array([family.describe(niche.task) for niche in population.niches], np.float64)
    new = np.array([family.describe(child.task) for child in children], np.float64)
    if not (np.isfinite(new).all() and np.isfinite(known).all()):
        raise ValueError(
            "a task's description must be finite, got NaN or infinity from family.describe"
        )
    return known, new


def _standardised(known: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both in units of each parameter's standard deviation over all of their rows; a parameter that
    is the same everywhere keeps its unit.
    """
    spread = np.concatenate([known, new]).std(0)
    unit = np.where(spread > 0, spread, 1.0)
    return known / unit, new / unit


def _distances(
    children: Sequence[Child], new: np.ndarray, known: np.ndarray, k: int
) -> dict[int, float]:
    """By child id; new: [children, d], known: [niches, d]."""
    return {
        child.id: mean_distance(row, known, k) for child, row in zip(children, new, strict=True)
    }
