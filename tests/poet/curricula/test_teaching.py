"""Which levels a teacher's scores keep, and what of its answers is refused."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from openpoet.poet.checkpoint import from_records, to_records
from openpoet.poet.curricula.engine import Course
from openpoet.poet.curricula.levels import levels
from openpoet.poet.curricula.teaching import Teaching, Tried
from openpoet.poet.niche import Population
from tests.poet.curricula.students import NUMBERS, Student, restored, setup_of


class Counting:
    """New levels are 0, 1, 2, ... in the order of their rows; the first row trains on the level of
    highest score, if there is one. A level's score is its number; 4 is not kept.
    """

    size = 3

    def choose(self, levels: Any, rows: int, memory: Any, rng: Any) -> list[Any]:
        first = memory.get("next", 0)
        new = [float(first + row) for row in range(rows)]
        return [max(levels, key=lambda level: level.score), *new[1:]] if levels else new

    def learn(self, levels: Any, tried: Any, memory: Any, rng: Any) -> Any:
        scores = [None if one.task == 4 else one.task for one in tried]
        return scores, {"next": memory.get("next", 0) + 3}


def evolved(teacher: Any, iterations: int) -> list[Population]:
    setup, course = setup_of(Student()), Course(Teaching(teacher))
    return list(islice(course.evolve(course.start(setup), setup), iterations))


def test_the_levels_of_highest_score_are_kept() -> None:
    """0, 1, 2; then 4, 5 and 2 again; then 7, 8 and 5 again."""
    one, two, three = evolved(Counting(), 3)
    assert [niche.task for niche in levels(one)] == [0, 1, 2]
    assert [niche.task for niche in levels(two)] == [1, 2, 5]
    assert [niche.task for niche in levels(three)] == [5, 7, 8]
    assert [(child.task, child.outcome) for child in two.children] == [
        (4, "not kept"),
        (5, "admitted"),
    ]
    assert three.memory == '{"next":9}'
    assert [niche.task for niche in three.retired] == [0, 1, 2]


def test_of_equal_scores_the_oldest_stays_and_without_a_score_a_level_leaves() -> None:
    class Equal(Counting):
        def learn(self, levels: Any, tried: Any, memory: Any, rng: Any) -> Any:
            again = [one for one in tried if one.level is not None]
            assert all(one.level.task == one.task for one in again)
            return [None if one.level else 1.0 for one in tried], {"next": 3}

    one, two = evolved(Equal(), 2)
    assert [niche.task for niche in levels(one)] == [0, 1, 2]
    assert [niche.task for niche in levels(two)] == [1, 2, 4]
    assert [child.outcome for child in two.children] == ["admitted", "low score"]


def test_a_teacher_that_keeps_no_levels_has_its_scores_recorded() -> None:
    class Passing(Counting):
        size = 0

    (only,) = evolved(Passing(), 1)
    assert not levels(only)
    assert [(child.outcome, child.score) for child in only.children] == [
        ("not kept", 0.0),
        ("not kept", 1.0),
        ("not kept", 2.0),
    ]


def test_a_level_in_several_rows_is_tried_once_and_its_child_keeps_its_parent() -> None:
    seen: list[Tried] = []

    class Editing(Counting):
        def choose(self, levels: Any, rows: int, memory: Any, rng: Any) -> list[Any]:
            if not levels:
                return [5.0, 1.0, 2.0]
            return [levels[0], levels[0].child(9.0), levels[0]]

        def learn(self, levels: Any, tried: Any, memory: Any, rng: Any) -> Any:
            seen[:] = tried
            return [one.task for one in tried], memory

    _, two = evolved(Editing(), 2)
    assert [(one.task, one.episodes, one.success) for one in seen] == [(5, 4, 0.5), (9, 2, 0)]
    assert two.active[-1].task == 9
    assert two.active[-1].parent == 1


def test_a_population_from_its_records_goes_on_as_the_uninterrupted_one() -> None:
    populations = evolved(Counting(), 5)
    setup, course = setup_of(Student()), Course(Teaching(Counting()))
    again = restored(populations[2])
    assert again == populations[2]
    assert list(islice(course.evolve(again, setup), 2)) == populations[3:]


def test_a_memory_that_is_no_object_is_refused_in_a_checkpoint() -> None:
    data, agents = to_records(evolved(Counting(), 1)[0], NUMBERS)
    with pytest.raises(ValueError, match="a memory must be a dict of JSON values, got list"):
        from_records({**data, "memory": [1]}, agents, NUMBERS)


@pytest.mark.parametrize(
    ("method", "answer", "words"),
    [
        ("choose", [1.0, 2.0], "a list of 3 levels, one a row, got 2 entries"),
        ("choose", None, "a list of 3 levels, one a row, got None"),
        ("learn", [1.0], r"must return \(scores, memory\)"),
        ("learn", ([1.0], {}), "3 scores, one a level, got 1"),
        ("learn", ([1.0, float("nan"), 2.0], {}), "finite scores or None"),
        ("learn", ([1.0, 2.0, 3.0], []), "must be a dict of JSON values, got list"),
        ("learn", ([1.0, 2.0, 3.0], {"a": Student}), "must be a dict of JSON values"),
        ("learn", ([1.0, 2.0, 3.0], {"a": float("inf")}), "must be a dict of JSON values"),
    ],
)
def test_answers_of_another_form_are_refused(method: str, answer: Any, words: str) -> None:
    teacher = type("Wrong", (Counting,), {method: lambda *_: answer})()
    with pytest.raises(ValueError, match=words):
        evolved(teacher, 1)


def test_a_level_that_is_not_kept_any_more_is_refused() -> None:
    first: list[Any] = []

    class Old(Counting):
        def choose(self, levels: Any, rows: int, memory: Any, rng: Any) -> list[Any]:
            first.extend(levels)
            return [first[0], 7.0, 8.0] if levels else [1.0, 2.0, 3.0]

    with pytest.raises(ValueError, match="must return levels that are kept"):
        evolved(Old(), 3)


@pytest.mark.parametrize(
    ("teacher", "words"),
    [(object(), "needs a method `choose`"), (type("Big", (Counting,), {"size": -1})(), "size")],
)
def test_an_object_that_is_no_teacher_is_refused(teacher: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Teaching(teacher)
