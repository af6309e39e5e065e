"""The engine of curricula for one agent, of the same shape as POET's (poet/engine.py).

Every step is a pure function of population, setup and key; all randomness is from named streams.

A run's archive, ledger, checkpoint and resume are therefore those of POET. The population is
described in levels.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ..config import Setup
from ..evaluation import adopt, evaluate
from ..niche import Niche, Population
from ..seeding import Seed
from ..streams import Key
from ..trial_keys import score_key
from ..trials import Trial
from .lessons import student_of
from .levels import NO_AGENT, STUDENT, levels, student
from .sources import Source


class Curriculum(Protocol):
    """What to train the student on, and what becomes of the levels.

    takes_levels: whether it trains on the levels of the first population. new: where new levels
    come from.
    """

    @property
    def new(self) -> Source: ...

    @property
    def takes_levels(self) -> bool: ...

    def update(self, population: Population, setup: Setup, key: Key, number: int) -> Population:
        """The population after one update of the student, or after a rollout that only scores
        levels.

        key: of the iteration; streams have `number`, the update's in the iteration, after a word
        that names their purpose. The only state is in the population.
        """
        ...


@dataclass(frozen=True)
class Course:
    """The engine of a run with a curriculum. updates: of the curriculum in an iteration."""

    curriculum: Curriculum
    updates: int = 1

    def check(self, setup: Setup, seeds: Sequence[Seed] = ()) -> None:
        """ValueError, one line, unless the learner, the family and the seeds fit the curriculum."""
        if (rows := student_of(setup).rows) < 1:
            raise ValueError(f"a student must have at least one row of levels, got {rows}")
        if any(seed.task is not None for seed in seeds):
            if not self.curriculum.takes_levels:
                raise ValueError(
                    "this curriculum makes its levels itself: seed it with agents (--take agents), "
                    "or take --curriculum dr, which trains on the levels that are given"
                )
        else:
            self.curriculum.new(setup.family, np.random.default_rng(0))

    def start(self, setup: Setup, seeds: Sequence[Seed] = ()) -> Population:
        """The first population: a student in the family's trivial task.

        seeds: tasks that become levels, in their order; the first agent among them becomes the
        student.
        """
        tasks = [seed for seed in seeds if seed.task is not None]
        agents = [seed.agent for seed in seeds if seed.agent is not None]
        agent = (
            adopt(setup.learner, agents[0])
            if agents
            else setup.learner.init(Key(setup.config.seed, ("origin",)))
        )
        first = Niche(STUDENT, None, 0, setup.family.origin(), agent)
        given = tuple(
            Niche(id, STUDENT, 0, seed.task, NO_AGENT, source=seed.source)
            for id, seed in enumerate(tasks, STUDENT + 1)
        )
        return Population(0, (first, *given), niches_born=1 + len(given))

    def evolve(self, population: Population, setup: Setup) -> Iterator[Population]:
        """The population after each further iteration, without end."""
        while True:
            t = population.iteration  # from 0, as in poet/engine.py
            key = Key(setup.config.seed, ("iteration", t))
            population = replace(population, iteration=t + 1, events=())
            for number in range(self.updates):
                population = self.curriculum.update(population, setup, key, number)
            population = _scored(population, setup, key)
            yield population


def _scored(population: Population, setup: Setup, key: Key) -> Population:
    """The population with the student scored in its own niche, as in POET."""
    niche, at = student(population), population.iteration
    trial = Trial(niche.agent, niche.task, score_key(key, niche))
    (result,) = evaluate(setup.learner, [trial])
    history = setup.config.history
    scored = niche.improved(niche.agent, result, trial.key, iteration=at, history=history)
    return replace(population, active=(scored, *levels(population)))
