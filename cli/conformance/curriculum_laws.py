"""The laws of a curriculum in one file (poet.curricula.interfaces.Teacher), as checks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from openpoet.poet.curricula.interfaces import Teacher
from openpoet.poet.curricula.teaching import (
    Level,
    Teaching,
    Tried,
    checked,
    entries_of,
    tried_levels,
)
from openpoet.poet.curriculum_records import canonical
from openpoet.poet.interfaces import TaskFamily

from .interface import KEY
from .laws import Law, check_all

ROWS, ROLLOUTS = 4, 6


def check_curriculum(teacher: Teacher, family: TaskFamily) -> None:
    """All laws of `Teacher`. An error, with what came and what was expected, at the first that is
    violated.
    """
    check_all(curriculum_laws(teacher, family))


def curriculum_laws(teacher: Teacher, family: TaskFamily) -> list[Law]:
    """The laws in the order in which they are checked."""
    return [
        Law("interface: all methods", lambda: _check_interface(teacher), needed=True),
        Law(
            "choose, learn: one entry a row, one score a level, a memory of JSON",
            lambda: _check_answers(teacher, family),
            needed=True,
        ),
        Law(
            "choose, learn: by levels, memory and generator alone",
            lambda: _check_repeated(teacher, family),
        ),
        Law("choose, learn: leave the memory as it is", lambda: _check_memory(teacher, family)),
    ]


class Answers(NamedTuple):
    """A teacher's answers to one rollout. unchanged: whether it left its memory as it was."""

    tasks: list[Any]  # encoded
    scores: list[float | None]
    memory: str
    unchanged: bool


def _check_interface(teacher: Teacher) -> None:
    Teaching(teacher)


def _check_answers(teacher: Teacher, family: TaskFamily) -> None:
    _answers(teacher, family)


def _check_repeated(teacher: Teacher, family: TaskFamily) -> None:
    first, again = _answers(teacher, family), _answers(teacher, family)
    for number, (one, other) in enumerate(zip(first, again, strict=True)):
        assert one == other, (
            f"choose and learn must answer the same for equal arguments; rollout {number} differs"
        )


def _check_memory(teacher: Teacher, family: TaskFamily) -> None:
    unchanged = all(one.unchanged for one in _answers(teacher, family))
    assert unchanged, "choose and learn must not change the memory: return a new one"


def _answers(teacher: Teacher, family: TaskFamily) -> list[Answers]:
    """The answers to some rollouts with random results. ValueError where one has another form."""
    levels, memory, found = list[Level](), canonical({}), list[Answers]()
    for number in range(ROLLOUTS):
        rng, given = KEY.child("rollout", number).generator(), json.loads(memory)
        entries = entries_of(teacher.choose(levels, ROWS, given, rng), levels, ROWS)
        results = rng.normal(size=(3, ROWS))
        episodes: Any = SimpleNamespace(
            levels=np.arange(ROWS),
            returns=results[0],
            success=results[0] > 0,
            positive_value_losses=abs(results[1]),
            value_losses=abs(results[2]),
        )
        tried = tried_levels(entries, episodes)
        scores, after = checked(teacher.learn(levels, tried, given, rng), len(tried))
        unchanged = canonical(given) == memory
        memory = canonical(after)
        tasks = [family.encode(entry.task) for entry in entries]
        found.append(Answers(tasks, scores, memory, unchanged))
        levels = _next(levels, tried, scores)[: getattr(teacher, "size", 0)]
    return found


def _next(
    levels: Sequence[Level], tried: Sequence[Tried], scores: Sequence[float | None]
) -> list[Level]:
    """The levels with their new scores, and the new ones, highest score first."""
    after = {level.id: level for level in levels}
    for one, score in zip(tried, scores, strict=True):
        id = 1 + max(after, default=0) if one.level is None else one.level.id
        after.pop(id, None)
        if score is not None:
            after[id] = Level(id, one.task, score)
    return sorted(after.values(), key=lambda level: -level.score)
