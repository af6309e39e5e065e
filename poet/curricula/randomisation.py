"""Domain randomisation (DR) as a curriculum: every rollout has new random levels, and none is kept.

Tobin et al. 2017 (arXiv 1703.06907); the baseline of ACCEL's benchmark (arXiv 2203.01302).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..config import Setup
from ..interfaces import Task
from ..niche import Niche, Population
from ..streams import Key
from .lessons import outcomes, student_of, trained
from .levels import New, Scoring, levels, refused, rescored, student, taught
from .sources import Source


@dataclass(frozen=True)
class Randomisation:
    """A curriculum (engine.Curriculum). new: where levels come from, if the first population has
    none; otherwise they are drawn uniformly from these.
    """

    new: Source

    takes_levels: ClassVar[bool] = True

    def update(self, population: Population, setup: Setup, key: Key, number: int) -> Population:
        """The student trained on a rollout of new levels, one a row."""
        rng, rows = key.child("choice", number).generator(), student_of(setup).rows
        if given := levels(population):
            return self._on_given(population, setup, key.child("given", number), given)
        tasks = [self.new(setup.family, rng) for _ in range(rows)]
        own = key.child("new", number)
        lesson = trained(setup, student(population).agent, tasks, None, own)
        population = taught(population, lesson)
        for place, task in enumerate(tasks):
            outcome = lesson.outcomes.get(place)
            score = None if outcome is None else outcome.regret
            population = refused(population, New(task), "not kept", score)
        return population

    def _on_given(
        self, population: Population, setup: Setup, key: Key, given: Sequence[Niche]
    ) -> Population:
        """The student trained on levels of the first population, a fresh one after each episode."""
        rng, ids = key.child("choice").generator(), list[int]()

        def draws() -> Iterator[Task]:
            while True:
                ids.append(int(rng.integers(len(given))))
                yield given[ids[-1]].task

        drawn = draws()
        rows = [next(drawn) for _ in range(student_of(setup).rows)]
        lesson = trained(setup, student(population).agent, rows, drawn, key)
        names = np.array([given[place].id for place in ids])
        found = outcomes(lesson.episodes, names[lesson.episodes.levels])
        scoring = Scoring(setup.family.spec.solved_score, key)
        return rescored(taught(population, lesson), found, scoring)
