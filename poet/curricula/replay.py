"""Prioritised level replay (PLR), robust PLR and ACCEL: one curriculum with three parts.

Jiang et al. 2021 (PLR, arXiv 2010.03934; robust PLR, arXiv 2110.02439); Parker-Holder et al. 2022
(ACCEL, arXiv 2203.01302). Constants: docs/curricula.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..config import Setup
from ..interfaces import Task
from ..niche import Population
from ..streams import Key
from .buffer import Replay, replays
from .lessons import Outcome, Teach, outcomes, student_of, trained, tried
from .levels import (
    Drawing,
    New,
    Scoring,
    buffer_of,
    entered,
    levels,
    rescored,
    student,
    taught,
    with_draws,
)
from .scores import base_levels
from .sources import Source, edited


@dataclass(frozen=True)
class Edits:
    """ACCEL's edits after a replay: the `parents` levels that base_levels chooses, each as often as
    fills the rows, with `edits` edits each.
    """

    parents: int = 4
    edits: int = 3


@dataclass(frozen=True)
class LevelReplay:
    """A curriculum (engine.Curriculum).

    new: where new levels come from. explore: `trained` to learn on new levels too (PLR), `tried`
    only to score them (robust PLR, ACCEL). edits: None without ACCEL.
    """

    rule: Replay
    new: Source
    explore: Teach = tried
    edits: Edits | None = None

    takes_levels: ClassVar[bool] = False

    def update(self, population: Population, setup: Setup, key: Key, number: int) -> Population:
        """A rollout on replayed levels and one on their edits, or a rollout on new levels."""
        rng = key.child("choice", number).generator()
        if not replays(buffer_of(population), self.rule, rng):
            tasks = [New(self.new(setup.family, rng)) for _ in range(student_of(setup).rows)]
            return self._scored(population, setup, tasks, self.explore, key.child("new", number))
        population, found = self._replayed(population, setup, key.child("replay", number))
        if self.edits is None:
            return population
        children = self._edited(population, found, setup, rng)
        return self._scored(population, setup, children, tried, key.child("edit", number))

    def _replayed(
        self, population: Population, setup: Setup, key: Key
    ) -> tuple[Population, dict[int, Outcome]]:
        """The student trained on levels of the buffer, a fresh one after each episode, and the
        outcomes by level.
        """
        drawing = Drawing(population, self.rule, key.child("draws").generator())
        rows = [next(drawing) for _ in range(student_of(setup).rows)]
        lesson = trained(setup, student(population).agent, rows, drawing, key)
        found = outcomes(lesson.episodes, np.array(drawing.ids)[lesson.episodes.levels])
        population = with_draws(taught(population, lesson), drawing.buffer)
        scoring = Scoring(setup.family.spec.solved_score, key)
        return rescored(population, found, scoring), found

    def _edited(
        self,
        population: Population,
        found: dict[int, Outcome],
        setup: Setup,
        rng: np.random.Generator,
    ) -> list[New]:
        """Edits of the replayed levels that base_levels chooses.

        Differs: returns and value losses are means over the episodes of a level; dcd's are means
        over the steps of a worker, which may have had several levels, and are taken as those of its
        first one.
        """
        assert self.edits is not None, "called with edits only"
        ids, results = list(found), list(found.values())
        returns = np.array([one.returns for one in results])
        losses = np.array([min(one.value_loss, 1.0) for one in results])  # dcd clips them
        parents = [ids[row] for row in base_levels(returns, losses, self.edits.parents)]
        tasks: dict[int, Task] = {niche.id: niche.task for niche in levels(population)}
        chosen = [parents[row % len(parents)] for row in range(student_of(setup).rows)]
        edits = self.edits.edits
        return [New(edited(setup.family, tasks[id], rng, edits), id) for id in chosen]

    def _scored(
        self, population: Population, setup: Setup, new: list[New], teach: Teach, key: Key
    ) -> Population:
        """The levels tried, one a row for the whole rollout, and inserted in their order."""
        agent = student(population).agent
        lesson = teach(setup, agent, [one.task for one in new], None, key)
        after = taught(population, lesson)
        scoring = Scoring(setup.family.spec.solved_score, key)
        for place, one in enumerate(new):
            after = entered(after, one, lesson.outcomes.get(place), self.rule, scoring)
        return after
