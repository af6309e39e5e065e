"""Curricula in which a teacher chooses the levels of each rollout and scores them afterwards.

A teacher (interfaces.Teacher) is a small object: that of a plug-in's file, or one of this room.
Here its choices become rollouts, and its scores the levels that are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ..config import Setup
from ..curriculum_records import canonical
from ..interfaces import Task
from ..niche import Population
from ..records import finite
from ..streams import Key
from .interfaces import Episodes, Teacher
from .lessons import Outcome, outcomes, student_of, trained
from .levels import New, Scoring, born, evicted, levels, refused, student, taught


@dataclass(frozen=True)
class Level:
    """A level that is kept. id: of its niche. score: its last one."""

    id: int
    task: Task
    score: float

    def child(self, task: Task) -> New:
        """A new task that was made from this level's."""
        return New(task, self.id)


@dataclass(frozen=True)
class Tried(Outcome):
    """A level after a rollout: what came of its episodes, and the entry of the teacher's choice."""

    entry: Level | New

    @property
    def task(self) -> Task:
        return self.entry.task

    @property
    def level(self) -> Level | None:
        """The level as it was kept; None: the task is new."""
        return self.entry if isinstance(self.entry, Level) else None


@dataclass(frozen=True)
class Teaching:
    """A curriculum (engine.Curriculum) whose levels a teacher chooses.

    ValueError, one line, if the object is no teacher.
    """

    teacher: Teacher

    takes_levels: ClassVar[bool] = False

    def __post_init__(self) -> None:
        name, size = type(self.teacher).__name__, getattr(self.teacher, "size", 0)
        for method in ("choose", "learn"):
            if not callable(getattr(self.teacher, method, None)):
                raise ValueError(f"the curriculum {name} needs a method `{method}`")
        if type(size) is not int or size < 0:
            raise ValueError(f"the curriculum {name}: size must be 0 or more, got {size!r}")

    def new(self, family: Any, rng: np.random.Generator) -> Task:
        """A level that the teacher chooses at first."""
        return entries_of(self.teacher.choose((), 1, {}, rng), (), 1)[0].task

    def update(self, population: Population, setup: Setup, key: Key, number: int) -> Population:
        """The student trained on the levels that the teacher chooses, and the levels kept."""
        memory, rows = memory_of(population), student_of(setup).rows
        known = [Level(n.id, n.task, n.scores[-1]) for n in levels(population)]
        rng = key.child("choice", number).generator()
        entries = entries_of(self.teacher.choose(known, rows, memory, rng), known, rows)
        own = key.child("train", number)
        tasks = [entry.task for entry in entries]
        lesson = trained(setup, student(population).agent, tasks, None, own)
        tried = tried_levels(entries, lesson.episodes)
        rng = key.child("learn", number).generator()
        scores, memory = checked(self.teacher.learn(known, tried, memory, rng), len(tried))
        population = replace(taught(population, lesson), memory=canonical(memory))
        for entry in entries:
            if isinstance(entry, New) and all(one.entry is not entry for one in tried):
                population = refused(population, entry, "no episode", None)
        scoring = Scoring(setup.family.spec.solved_score, own)
        size = getattr(self.teacher, "size", 0)
        return kept(population, list(zip(tried, scores, strict=True)), size, scoring)


def memory_of(population: Population) -> Any:
    """A copy of the teacher's memory."""
    return {} if population.memory is None else json.loads(population.memory)


def entries_of(choice: Any, known: Sequence[Level], rows: int) -> list[Level | New]:
    """A teacher's choice, one entry a row. ValueError, one line, if it is none."""
    if not isinstance(choice, Sequence) or len(choice) != rows:
        count = f"{len(choice)} entries" if isinstance(choice, Sequence) else repr(choice)[:60]
        raise ValueError(f"choose must return a list of {rows} levels, one a row, got {count}")
    ids = {level.id for level in known}
    for entry in choice:
        if isinstance(entry, Level) and entry.id not in ids:
            raise ValueError(f"choose must return levels that are kept, or new tasks, got {entry}")
    return [entry if isinstance(entry, Level | New) else New(entry) for entry in choice]


def tried_levels(entries: Sequence[Level | New], episodes: Episodes) -> list[Tried]:
    """What came of each entry in the order of the rows; of a level in several rows once.

    Entries without a whole episode are left out.
    """
    # levels by their ids, which are above 0; new tasks by their rows
    names = [one.id if isinstance(one, Level) else -1 - row for row, one in enumerate(entries)]
    found = outcomes(episodes, np.array(names)[episodes.levels])
    first = dict(zip(reversed(names), reversed(entries), strict=True))
    return [
        Tried(**vars(found[name]), entry=first[name])
        for name in dict.fromkeys(names)
        if name in found
    ]


def checked(answer: Any, count: int) -> tuple[list[float | None], Any]:
    """A teacher's scores and memory. ValueError, one line, if it returned something else."""
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise ValueError(f"learn must return (scores, memory), got {repr(answer)[:60]}")
    scores, memory = [None if score is None else float(score) for score in answer[0]], answer[1]
    if len(scores) != count:
        raise ValueError(f"learn must return {count} scores, one a level, got {len(scores)}")
    if not all(score is None or finite(score) for score in scores):
        raise ValueError(f"learn must return finite scores or None, got {scores}")
    return scores, memory


def kept(
    population: Population,
    scored: Sequence[tuple[Tried, float | None]],
    size: int,
    scoring: Scoring,
) -> Population:
    """The population with the levels of highest score, at most `size`; of equal ones the oldest.

    scored: the levels tried; without a score they are not kept.
    """
    found = {one.level.id: (one, score) for one, score in scored if one.level is not None}
    population = _rescored(population, found, scoring)
    without = {id for id, (_, score) in found.items() if score is None}
    new = [(one, score) for one, score in scored if one.level is None]
    own = [(n.id, n.scores[-1]) for n in levels(population) if n.id not in without]
    # by place among the new ones: negative, so that no niche has the same number
    own += [(-1 - at, score) for at, (_, score) in enumerate(new) if score is not None]
    best = {id for id, _ in sorted(own, key=lambda pair: -pair[1])[:size]}
    leaving = {niche.id for niche in levels(population)} - best
    population = evicted(population, leaving) if leaving else population
    for at, (one, score) in enumerate(new):
        assert isinstance(one.entry, New), "it has no level"
        if -1 - at in best and score is not None:
            population = born(population, one.entry, one, score, scoring)
        else:
            unkept = score is None or size == 0
            population = refused(
                population, one.entry, "not kept" if unkept else "low score", score
            )
    return population


def _rescored(
    population: Population, found: Mapping[int, tuple[Tried, float | None]], scoring: Scoring
) -> Population:
    """The population with the new scores of levels that were tried again."""
    active = list(population.active)
    for place, niche in enumerate(active):
        one, score = found.get(niche.id, (None, None))
        if one is not None and score is not None:
            active[place] = scoring.scored(niche, one, score, population.iteration)
    return replace(population, active=tuple(active))
