"""Sampling for learnability (SFL): half of a rollout's levels are those that are solved about half
of the time.

Rutherford et al. 2024, "No Regrets" (arXiv 2408.15099).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import ClassVar

import numpy as np

from ..config import Setup
from ..interfaces import Task, TaskFamily
from ..niche import Population
from ..streams import Key
from .lessons import Lesson, Outcome, student_of, trained, tried
from .levels import (
    New,
    Scoring,
    born,
    evicted,
    levels,
    refused,
    student,
    taught,
)
from .scores import best, learnability
from .sources import Source


@dataclass(frozen=True)
class Learnability:
    """A curriculum (engine.Curriculum).

    new: where levels come from. updates: in an iteration. every: updates between two choices of
    levels. candidates: new levels scored for a choice. kept: the best of them. share: of the rows
    of a rollout that train on kept levels.
    """

    new: Source
    updates: int = 1
    every: int = 50
    candidates: int = 1000
    kept: int = 100
    share: float = 0.5

    takes_levels: ClassVar[bool] = False

    def update(self, population: Population, setup: Setup, key: Key, number: int) -> Population:
        """A choice of levels where it is due, and the student trained on kept and new levels."""
        so_far = (population.iteration - 1) * self.updates + number
        if so_far % self.every == 0:
            population = self._chosen(population, setup, key.child("learnability", number))
        rng, rows = key.child("choice", number).generator(), student_of(setup).rows
        kept = [niche.task for niche in levels(population)]
        own = round(self.share * rows) if kept else 0
        tasks: list[Task] = [kept[int(rng.integers(len(kept)))] for _ in range(own)]
        new = [self.new(setup.family, rng) for _ in range(rows - own)]
        path = key.child("train", number)
        lesson = trained(setup, student(population).agent, [*tasks, *new], None, path)
        population = taught(population, lesson)
        scores = _scores(lesson, setup)
        for place, task in enumerate(new, own):
            population = refused(population, New(task), "not kept", scores.get(place))
        return population

    def _chosen(self, population: Population, setup: Setup, key: Key) -> Population:
        """The levels replaced by the most learnable of new ones.

        Differs: a level's share of solved episodes is that of its whole episodes in one rollout;
        the authors' number of episodes a level is fixed too, but their levels have one length.
        """
        rng, rows = key.generator(), student_of(setup).rows
        tasks = [self.new(setup.family, rng) for _ in range(self.candidates)]
        found: dict[int, Outcome] = {}
        known: dict[int, float] = {}
        for first in range(0, len(tasks), rows):
            part = tasks[first : first + rows]
            lesson = tried(setup, student(population).agent, part, None, key.child(first))
            population = taught(population, lesson)
            found |= {first + place: outcome for place, outcome in lesson.outcomes.items()}
            known |= {first + place: score for place, score in _scores(lesson, setup).items()}
        scores = np.array([known.get(i, -1.0) for i in range(len(tasks))])
        chosen = {int(i) for i in best(scores, self.kept) if scores[i] > 0}
        population = evicted(population, {niche.id for niche in levels(population)})
        scoring = Scoring(setup.family.spec.solved_score, key)
        for place, task in enumerate(tasks):
            outcome, score = found.get(place), float(scores[place])
            if outcome is None:
                population = refused(population, New(task), "no episode", None)
            elif place in chosen:
                population = born(population, New(task), outcome, score, scoring)
            else:
                population = refused(population, New(task), "low score", score)
        return population


def check_solved_score(family: TaskFamily) -> None:
    """ValueError, one line, if no return of the family tells solved episodes from others."""
    score = family.spec.solved_score
    if not (isinstance(score, Real) and isfinite(score)):
        raise ValueError(
            f"sfl needs a finite solved_score, since levels are chosen by their share of solved "
            f"episodes, got {score}: set the family's solved_score, or take dr, plr or accel"
        )


def _scores(lesson: Lesson, setup: Setup) -> dict[int, float]:
    """The learnability of each level that has an outcome, by its place.

    Differs: an episode counts if it is solved. The authors count the simulator's success, but here
    that may be true in every episode.
    """
    shares = lesson.solved(setup.family.spec.solved_score)
    values = learnability(np.array(list(shares.values())))
    return dict(zip(shares, values.tolist(), strict=True))
