"""The population of a curriculum: niche 0, of the family's trivial task, has the student; the
active niches after it are the levels of the buffer, which have no agents of their own.

A level is born when it enters the buffer and dies when it is evicted; its parent is the level it
was edited from, or niche 0. A level that does not enter is a `Child` with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..interfaces import Agent, Task
from ..niche import Child, Niche, Outcome, Population
from ..streams import Key
from ..trials import Result
from . import lessons
from .buffer import Buffer, Replay, draw, inserted

NO_AGENT: Agent = {}
STUDENT = 0  # id of the student's niche


def student(population: Population) -> Niche:
    """The niche with the student."""
    return population.active[0]


def levels(population: Population) -> tuple[Niche, ...]:
    """The levels of the buffer, oldest first."""
    return population.active[1:]


def taught(population: Population, lesson: lessons.Lesson) -> Population:
    """The population with the student after a lesson; it is scored at the end of the iteration."""
    niche = replace(student(population), agent=lesson.agent)
    return replace(population, active=(niche, *levels(population)))


def buffer_of(population: Population) -> Buffer:
    """The levels with their scores and last draws."""
    rows = ((n.id, n.scores[-1], population.drawn[n.id]) for n in levels(population))
    return Buffer.of(rows, population.draws)


def with_draws(population: Population, buffer: Buffer) -> Population:
    """The population with the draws of the buffer, whose levels are the population's."""
    drawn = dict(zip(buffer.ids.tolist(), buffer.drawn.tolist(), strict=True))
    return replace(population, draws=buffer.draws, drawn=drawn)


class Drawing(Iterator[Task]):
    """Levels drawn from the buffer, one after another. ids: of those drawn so far; buffer: after
    them.
    """

    def __init__(self, population: Population, rule: Replay, rng: np.random.Generator) -> None:
        self._tasks = {niche.id: niche.task for niche in levels(population)}
        self._rule, self._rng = rule, rng
        self.buffer, self.ids = buffer_of(population), list[int]()

    def __next__(self) -> Task:
        self.buffer, row = draw(self.buffer, self._rule, self._rng)
        self.ids.append(int(self.buffer.ids[row]))
        return self._tasks[self.ids[-1]]


@dataclass(frozen=True)
class Scoring:
    """How outcomes become scores of levels. key: the stream on which the levels were tried."""

    solved_score: float
    key: Key

    def scored(self, niche: Niche, outcome: lessons.Outcome, score: float, at: int) -> Niche:
        """The level with another score. at: the iteration."""
        solved = outcome.solves(self.solved_score)
        result = Result(score, solved, None, 0)
        return niche.improved(niche.agent, result, self.key, iteration=at, history=1)


def rescored(
    population: Population, found: Mapping[int, lessons.Outcome], scoring: Scoring
) -> Population:
    """The population with the scores of some levels overwritten by their regrets."""
    at = population.iteration
    return replace(
        population,
        active=tuple(
            scoring.scored(niche, found[niche.id], found[niche.id].regret, at)
            if niche.id in found
            else niche
            for niche in population.active
        ),
    )


@dataclass(frozen=True)
class New:
    """A level that is not in the buffer. parent: the niche it was edited from, or STUDENT."""

    task: Task
    parent: int = STUDENT


def entered(
    population: Population,
    new: New,
    outcome: lessons.Outcome | None,
    rule: Replay,
    scoring: Scoring,
) -> Population:
    """The population after a level was tried, which enters the buffer if that accepts it.

    outcome: None if no episode of it ended.
    """
    if outcome is None:
        return refused(population, new, "no episode", None)
    entry = inserted(buffer_of(population), population.niches_born, outcome.regret, rule)
    if not entry.accepted:
        return refused(population, new, "low score", outcome.regret)
    if entry.evicted is not None:
        population = evicted(population, {entry.evicted})
    population = born(population, new, outcome, outcome.regret, scoring)
    return with_draws(population, entry.buffer)


def born(
    population: Population, new: New, outcome: lessons.Outcome, score: float, scoring: Scoring
) -> Population:
    """The population with a new level, the youngest."""
    id, at = population.niches_born, population.iteration
    niche = scoring.scored(Niche(id, new.parent, at, new.task, NO_AGENT), outcome, score, at)
    population = _noted(population, new, "admitted", score, id)
    return replace(population, active=(*population.active, niche), niches_born=id + 1)


def evicted(population: Population, ids: set[int]) -> Population:
    """The population without these levels, which are kept among the retired niches."""
    at = population.iteration
    leaving = tuple(replace(n, died=at) for n in population.active if n.id in ids)
    staying = tuple(n for n in population.active if n.id not in ids)
    return replace(population, active=staying, retired=population.retired + leaving)


def refused(population: Population, new: New, reason: Outcome, score: float | None) -> Population:
    """The population with the record of a level that does not enter the buffer."""
    return _noted(population, new, reason, score, None)


def _noted(
    population: Population, new: New, outcome: Outcome, score: float | None, niche: int | None
) -> Population:
    id = population.children_tried
    child = Child(id, population.iteration, new.parent, new.task, outcome, score, None, niche)
    return replace(population, events=(*population.events, child), children_tried=id + 1)
