"""What each curriculum trains on, and what becomes of the levels, with a student whose outcomes are
known.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import islice
from typing import Any, cast

import numpy as np
import pytest

from openpoet.poet.curricula.config import NAMES, CurriculumConfig, course
from openpoet.poet.curricula.lessons import outcomes
from openpoet.poet.curricula.levels import buffer_of, levels
from openpoet.poet.niche import Population
from openpoet.poet.seeding import Seed
from tests.poet.curricula.students import (
    Episodes,
    Goalless,
    Numbers,
    Spec,
    Student,
    restored,
    setup_of,
)

SMALL = CurriculumConfig(
    buffer=6, replay=0.9, candidates=10, kept=4, every=3, fit_every=5, components=(1, 2)
)


def evolved(
    name: str, iterations: int, student: Student | None = None, **changes: Any
) -> tuple[Student, list[Population]]:
    student = student or Student()
    setup = setup_of(student)
    own = course(name, replace(SMALL, **changes), setup.family)
    return student, list(islice(own.evolve(own.start(setup), setup), iterations))


def test_dr_trains_on_new_levels_and_keeps_none() -> None:
    student, (*_, last) = evolved("dr", 4)
    assert [method for method, _ in student.calls] == ["train_on"] * 4
    assert len({level for _, taken in student.calls for level in taken}) == 12
    assert last.niches_born == 1
    assert last.children_tried == 12
    assert {child.outcome for child in last.children} == {"not kept"}
    assert float(last.active[0].agent["updates"]) == last.active[0].scores[-1] == 4


@pytest.mark.parametrize(
    ("name", "new", "after_replay"),
    [("plr", "train_on", []), ("robust-plr", "try_on", []), ("accel", "try_on", ["try_on"])],
)
def test_replay_curricula_explore_first_and_then_replay(
    name: str, new: str, after_replay: list[str]
) -> None:
    """The buffer of 6 is half full after one rollout of 3 levels; then levels are replayed."""
    student, populations = evolved(name, 12, replay=1.0)
    calls = [method for method, _ in student.calls]
    assert calls[0] == new
    replayed = [taken for method, taken in student.calls if method == "train_on"]
    assert any(len(taken) == 6 for taken in replayed)  # a fresh level after each episode
    if after_replay:
        at = next(i for i, (_, taken) in enumerate(student.calls) if len(taken) == 6)
        assert calls[at + 1] == after_replay[0]
    for population in populations:
        assert len(levels(population)) <= 6
        buffer_of(population)  # every level has a score and a draw


def test_a_rollout_without_gradient_does_not_change_the_student() -> None:
    student, (*_, last) = evolved("robust-plr", 10, replay=0.0)
    assert {method for method, _ in student.calls} == {"try_on"}
    assert float(last.active[0].agent["updates"]) == 0


def test_levels_keep_the_highest_regrets() -> None:
    """A level's score is its number; rank alone decides which is evicted."""
    student, populations = evolved("robust-plr", 30, replay=0.0, staleness=0.0)
    tried = sorted(level for _, taken in student.calls for level in taken)
    kept = sorted(niche.task for niche in levels(populations[-1]))
    assert kept == tried[-6:]
    assert all(niche.scores[-1] == niche.task for niche in levels(populations[-1]))


def test_accel_edits_the_levels_of_lowest_return_less_value_loss() -> None:
    """Not the first level of the replay in every case, as dcd did before its issue 11."""
    student, _ = evolved("accel", 12, replay=1.0, parents=1, edits=2, base="random")
    firsts = 0
    for (_, replayed), (method, edited) in zip(student.calls, student.calls[1:], strict=False):
        if len(replayed) == 6:
            assert method == "try_on"
            assert edited == [max(replayed) + 2] * 3  # the return is the negative number
            firsts += replayed[0] == max(replayed)
    assert firsts < sum(len(taken) == 6 for _, taken in student.calls)


def test_accel_begins_with_easy_levels_and_keeps_the_descent() -> None:
    student, populations = evolved("accel", 12, replay=1.0)
    assert student.calls[0][1] == [1.0] * 3  # mutations of the origin
    known = {niche.id: niche for niche in populations[-1].niches}
    edited = [niche for niche in known.values() if niche.parent]
    assert edited
    assert all(niche.task == known[niche.parent].task + 3 for niche in edited)  # type: ignore[index]


def test_sfl_keeps_levels_in_which_some_episodes_are_solved() -> None:
    student, (first, *_, last) = evolved("sfl", 4)
    assert [method for method, _ in student.calls[:4]] == ["try_on"] * 4  # 10 candidates in threes
    candidates = [level for _, taken in student.calls[:4] for level in taken]
    learnable = [level for level in candidates if 4 <= level < 6]
    assert learnable
    assert [niche.task for niche in levels(first)] == learnable[:4]
    assert all(niche.scores[-1] == 0.25 for niche in levels(first))
    assert student.calls[4][0] == "train_on"
    assert sum(level in learnable for level in student.calls[4][1]) >= 2  # of three, half rounded
    old = {niche.id for niche in levels(first)}
    assert old.isdisjoint(niche.id for niche in levels(last))  # chosen anew in the fourth


def test_sfl_without_learnable_levels_trains_on_new_ones() -> None:
    student, (only,) = evolved("sfl", 1, base="easy")  # every level is 1
    assert not levels(only)
    assert student.calls[-1] == ("train_on", [1.0] * 3)


def test_sfl_tells_levels_by_their_returns_where_every_episode_is_a_success() -> None:
    _, (first,) = evolved("sfl", 1, Goalless())
    _, (expected,) = evolved("sfl", 1)
    assert levels(expected)
    assert [niche.task for niche in levels(first)] == [niche.task for niche in levels(expected)]
    assert all(niche.scores[-1] == 0.25 for niche in levels(first))


def test_sfl_keeps_no_levels_whose_returns_are_all_below_the_solved_score() -> None:
    _, (first,) = evolved("sfl", 1, Goalless(good=-11.0))
    assert not levels(first)


def test_sfl_counts_a_success_below_the_solved_score_as_unsolved() -> None:
    """Levels below 4 succeed in both of their episodes, of which one has too low a return."""

    class Slow(Student):
        def _episodes(self, *args: Any) -> Episodes:
            episodes = super()._episodes(*args)
            odd = np.arange(len(episodes.levels)) % 2 == 1
            return episodes._replace(returns=np.where(odd, -10.5, -9.5))

    student, (first,) = evolved("sfl", 1, Slow())
    candidates = [level for _, taken in student.calls[:4] for level in taken]
    assert [niche.task for niche in levels(first)] == [one for one in candidates if one < 6][:4]


@pytest.mark.parametrize("score", [math.inf, -math.inf, math.nan, None])
def test_sfl_refuses_a_family_without_a_finite_solved_score(score: Any) -> None:
    class Endless(Numbers):
        spec = Spec(score)

    with pytest.raises(ValueError, match="sfl needs a finite solved_score") as error:
        course("sfl", SMALL, cast(Any, Endless()))
    assert "\n" not in str(error.value)
    assert course("dr", SMALL, cast(Any, Endless()))


def test_dr_on_given_levels_trains_on_these_only() -> None:
    student = Student()
    setup = setup_of(student)
    own = course("dr", SMALL, setup.family)
    seeds = [Seed(task, None, f"runs/a#{i}") for i, task in enumerate((3.0, 4.0))]
    own.check(setup, seeds)
    (*_, last) = islice(own.evolve(own.start(setup, seeds), setup), 5)
    assert {level for _, taken in student.calls for level in taken} == {3.0, 4.0}
    assert [(n.task, n.scores[-1], n.source) for n in levels(last)] == [
        (3.0, 3.0, "runs/a#0"),
        (4.0, 4.0, "runs/a#1"),
    ]
    assert not last.children


@pytest.mark.parametrize("name", NAMES)
def test_a_population_from_its_records_goes_on_as_the_uninterrupted_one(name: str) -> None:
    _, populations = evolved(name, 8)
    setup = setup_of(Student())
    own = course(name, SMALL, setup.family)
    again = restored(populations[4])
    assert again == populations[4]
    assert list(islice(own.evolve(again, setup), 3)) == populations[5:]


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("success", np.array([True]), "one entry an episode, [6], got [1]"),
        ("success", np.ones((6, 1), bool), "one entry an episode, [6], got [6, 1]"),
        ("success", np.ones(6), "success of a rollout must be an array of bool, got float64"),
        ("success", np.full(6, 2), "success of a rollout must be an array of bool, got int64"),
        ("success", [True] * 6, "success of a rollout must be an array of bool, got list"),
        ("levels", np.zeros(6), "levels of a rollout must be an array of integers, got float64"),
        ("levels", np.arange(6) - 1, "levels of a rollout must be places from 0, got -1"),
        ("levels", np.zeros((6, 1), int), "levels of a rollout must be [episodes], got [6, 1]"),
        ("returns", np.zeros(5), "one entry an episode, [6], got [5]"),
    ],
)
def test_a_rollout_with_a_wrong_array_is_refused(name: str, wrong: Any, words: str) -> None:
    class Wrong(Student):
        def _episodes(self, *args: Any) -> Episodes:
            return super()._episodes(*args)._replace(**{name: wrong})

    with pytest.raises(ValueError, match=re.escape(words)) as error:
        evolved("dr", 1, Wrong())
    assert "\n" not in str(error.value)


def test_the_outcome_of_a_level_is_overwritten_by_its_last_episode() -> None:
    episodes = Episodes(
        np.array([0, 1, 0]),
        np.array([1.0, 2.0, 3.0]),
        np.array([True, False, False]),
        np.array([0.1, 0.2, 0.3]),
        np.array([1.0, 2.0, 5.0]),
    )
    found = outcomes(episodes, episodes.levels)
    assert found[0].regret == 0.3
    assert (found[0].returns, found[0].value_loss, found[0].success) == (2.0, 3.0, 0.5)
    assert found[0].episodes == 2
    assert not found[0].solves(2.0)  # more than half must succeed
    assert found[1].episodes == 1
