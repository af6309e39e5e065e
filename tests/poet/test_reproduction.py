"""Reproduction up to birth: parents, trials, duplicates and the first minimal criterion."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from fakes import CountedLearner, FakeFamily, Point, TableLearner, numbered

from openpoet.poet.config import Injected, PoetConfig, Setup
from openpoet.poet.engine import mutate_envs
from openpoet.poet.measuring import first_criterion, ranked
from openpoet.poet.niche import Child, Niche, Population
from openpoet.poet.novelty import balanced_distances_from_first, distances_from_first
from openpoet.poet.reproduction import (
    awaited,
    eligible,
    kept_parent,
    litter,
    source_of,
)
from openpoet.poet.streams import Key

KEY = Key(3, ("iteration", 10))


class Line(FakeFamily):
    """Mutation moves x by one of the steps given, and draws a new seed."""

    def __init__(self, *steps: float) -> None:
        super().__init__()
        self.moves = steps

    def mutate(self, task: Point, rng: np.random.Generator) -> Point:
        return Point(task.x + float(rng.choice(self.moves)), task.y, int(rng.integers(1000)))


def population(*scores: float, retired: tuple[Niche, ...] = ()) -> Population:
    first = len(retired)
    niches = [
        Niche(
            first + i, None, 0, Point(10.0 * (first + i)), numbered(first + i), (score,), best=score
        )
        for i, score in enumerate(scores)
    ]
    return Population(
        10, tuple(niches), retired, niches_born=first + len(niches), children_tried=100
    )


def setup_of(family: FakeFamily, learner: object = None, **values: object) -> Setup:
    config = PoetConfig(
        seed=3, reproduce_at=200, mc_low=50, mc_high=300, novelty="parameters", **values
    )  # type: ignore[arg-type]
    return Setup(family, learner or TableLearner(lambda number, task: 100.0), config)  # type: ignore[arg-type]


def test_only_niches_with_a_sufficient_score_have_children() -> None:
    children = litter(population(199.9, 200.0, 500.0), setup_of(Line(1, 2, 3), children=60), KEY)
    assert {child.parent for child in children} == {1, 2}
    assert litter(population(199.9), setup_of(Line(1)), KEY) == []


def test_several_scores_in_a_row_may_be_needed() -> None:
    histories = [(300.0, 10.0, 300.0, 300.0), (10.0, 300.0, 200.0, 201.0), (300.0, 300.0)]
    niches = tuple(
        Niche(i, None, 0, Point(float(i)), numbered(i), scores)
        for i, scores in enumerate(histories)
    )
    found = {
        n: eligible(Population(9, niches, niches_born=3), PoetConfig(reproduce_after=n))
        for n in (1, 2, 3)
    }
    assert {n: [niche.id for niche in each] for n, each in found.items()} == {
        1: [0, 1, 2],
        2: [0, 1, 2],
        3: [1],
    }
    with pytest.raises(ValueError, match="reproduce_after must not be above history"):
        PoetConfig(reproduce_after=6, history=5)


def test_the_youngest_niche_that_may_have_children_is_kept() -> None:
    config = PoetConfig(keep_parent=True)
    assert kept_parent(population(300.0, 200.0, 100.0), config) == 1
    assert kept_parent(population(100.0, 100.0), config) is None
    assert kept_parent(population(300.0), PoetConfig()) is None
    with pytest.raises(ValueError, match="needs max_admitted below capacity"):
        PoetConfig(keep_parent=True, capacity=2, max_admitted=2)


@pytest.mark.parametrize(("keep", "active"), [(True, [0, 2]), (False, [1, 2])])
def test_a_birth_retires_the_oldest_niche_but_the_last_parent(
    keep: bool, active: list[int]
) -> None:
    """Only the oldest niche may have children, and its child is born into a full population."""
    setup = setup_of(Line(1, 2, 3), capacity=2, children=3, max_admitted=1, keep_parent=keep)
    after = mutate_envs(population(300.0, 60.0), setup, KEY)
    assert [niche.id for niche in after.active] == active


def test_with_patience_a_full_population_waits_for_the_niche_that_would_retire() -> None:
    """In iteration 10 the niches are 10 iterations old, and the oldest retires first."""
    config = PoetConfig(capacity=2, patience=11, reproduce_at=200.0)
    learning = population(100.0, 300.0)
    assert awaited(learning, config)
    assert not awaited(learning, replace(config, patience=10)), "it is too old"
    assert not awaited(learning, replace(config, capacity=3)), "there is a free place"
    assert not awaited(population(200.0, 100.0), config), "it has reached reproduce_at"
    (first, second), best = learning.active, 200.0
    reached = replace(learning, active=(replace(first, best=best), second))
    assert not awaited(reached, config), "its best score counts, not its latest"
    # With two births the second niche may retire too.
    pair = population(300.0, 100.0)
    assert awaited(pair, replace(config, max_admitted=2)) is pair.active[1]
    # The oldest is the only one that may have children: it stays, and the second would retire.
    assert awaited(pair, replace(config, keep_parent=True)) is pair.active[1]
    assert awaited(pair, config) is None


def test_a_population_that_waits_has_no_mutations_but_injected_tasks() -> None:
    plain = setup_of(Line(1, 2, 3), capacity=2, children=3, patience=11)
    assert litter(population(100.0, 300.0), plain, KEY) == []
    assert litter(population(100.0, 300.0), setup_of(Line(1), capacity=2), KEY)
    setup = replace(plain, injected=lambda t: (Injected(Point(77.0), "me"),))
    (child,) = litter(population(100.0, 300.0), setup, KEY)
    assert child.task == Point(77.0)


def test_parents_are_chosen_by_their_latest_score() -> None:
    worsened = Niche(0, None, 0, Point(), numbered(0), (500.0, 10.0))
    unscored = Niche(1, None, 0, Point(), numbered(0))
    assert litter(Population(1, (worsened, unscored), niches_born=2), setup_of(Line(1)), KEY) == []


def test_injected_tasks_follow_the_mutations_as_children_of_the_best_niche() -> None:
    plain = setup_of(Line(1, 2, 3), children=3)
    mine = Point(77.0)
    setup = replace(plain, injected=lambda t: (Injected(mine, "me"),) if t == 10 else ())
    niches = population(300.0, 500.0)
    *mutations, child = litter(niches, setup, KEY)
    assert mutations == litter(niches, plain, KEY), "which are the same as without"
    assert (child.id, child.parent, child.task, child.outcome) == (103, 1, mine, "crowded")
    assert source_of(child, setup) == "me"
    assert [source_of(other, setup) for other in mutations] == [None] * 3
    (only,) = litter(population(10.0), setup, KEY)
    assert only.task == mine, "also where no niche may have children"
    twin = replace(plain, injected=lambda t: (Injected(Point(10.0), "me"),))
    assert litter(niches, twin, KEY)[-1].outcome == "duplicate"


def test_parents_are_drawn_with_replacement_for_the_given_number_of_children() -> None:
    children = litter(population(300.0, 300.0), setup_of(Line(1, 2, 3, 4), children=40), KEY)
    assert [child.id for child in children] == list(range(100, 140))
    shares = Counter(child.parent for child in children)
    assert min(shares.values()) > 8  # both, about equally often
    assert all(child.iteration == 10 for child in children)


def test_a_child_does_not_depend_on_the_number_of_children() -> None:
    few, many = (
        litter(population(300.0), setup_of(Line(1, 2, 3, 4), children=n), KEY) for n in (3, 8)
    )
    assert [child.task for child in few] == [child.task for child in many[:3]]


def test_children_are_duplicates_of_active_tasks_and_earlier_siblings_only() -> None:  # B7
    retired = Niche(0, None, 0, Point(11.0), numbered(0), died=5)
    children = litter(
        population(300.0, retired=(retired,)), setup_of(Line(0.0, 1.0), children=12), KEY
    )
    stayed = [child for child in children if child.task.x == 10.0]
    moved = [child for child in children if child.task.x == 11.0]
    assert stayed
    assert {child.outcome for child in stayed} == {"duplicate"}
    assert [child.outcome for child in moved] == ["crowded", *["duplicate"] * (len(moved) - 1)]
    assert len({child.task.seed for child in children}) > 1  # equal parameters, different seeds


def test_the_criterion_evaluates_the_parents_agent_in_the_childs_task() -> None:  # B6
    evaluated = []

    def score(number: float, task: Point) -> float:
        evaluated.append((number, task))
        return {0.0: 49.0, 1.0: 301.0, 2.0: 50.0, 3.0: 300.0}[number]

    learner = CountedLearner(TableLearner(score))
    setup = setup_of(Line(*range(1, 9)), learner, children=30)
    children = first_criterion(
        litter(population(300, 300, 300, 300), setup, KEY),
        population(300, 300, 300, 300),
        setup,
        KEY,
    )
    outcomes = {0: "too hard", 1: "too easy", 2: "crowded", 3: "crowded"}
    tried = [child for child in children if child.outcome != "duplicate"]
    assert [(float(child.parent), child.task) for child in tried] == evaluated
    assert [child.outcome for child in tried] == [outcomes[child.parent] for child in tried]
    assert {child.score for child in children if child.outcome == "duplicate"} == {None}
    assert len(learner.calls) == 1  # B16
    assert set(learner.ledger) == {"iteration/criterion"}


def test_children_are_sorted_by_novelty_then_id() -> None:
    setup = setup_of(Line(-3.0, 1.0, 2.0, 3.0), children=30)
    children = first_criterion(litter(population(300), setup, KEY), population(300), setup, KEY)
    found, novel = ranked(children, population(300), setup, KEY)
    assert [abs(child.task.x) for child in found] == [3, 3, 2, 1]
    assert found[0].id < found[1].id
    novelties = [child.novelty for child in found]
    assert novelties == [3, 3, 2, 1] == [novel.of[child.id] for child in found]


def test_children_can_be_sorted_by_difficulty_then_id() -> None:
    """Agent 1 scores lower in tasks farther away; agent 0, the parent's, fails in task 1 only,
    which therefore is not the hardest.
    """

    def score(number: float, task: Point) -> float:
        return 60.0 if (number, task.x) == (0, 1) else 100.0 - 10 * abs(task.x)

    learner = CountedLearner(TableLearner(score))
    setup = setup_of(Line(-3.0, 1.0, 2.0, 3.0), learner, children=30, order="difficulty")
    now = population(300, 100)  # only the first may have children
    children = first_criterion(litter(now, setup, KEY), now, setup, KEY)
    found, novel = ranked(children, now, setup, KEY)
    assert [abs(child.task.x) for child in found] == [3, 3, 2, 1]
    assert found[0].id < found[1].id
    assert [child.novelty for child in found] == [novel.of[child.id] for child in found]
    assert set(learner.ledger) == {"iteration/criterion", "iteration/order"}


@pytest.mark.parametrize(("order", "expected"), [("novelty", [-2, 1, 4]), ("distance", [4, -2, 1])])
def test_children_can_be_sorted_by_distance_from_the_first_task(
    order: str, expected: list[float]
) -> None:
    """Niches are at 0, the first and retired, and 3.5: 4 is the farthest, -2 the most novel."""
    setup = setup_of(Line(), neighbours=1, order=order)
    (first,) = population(300.0).active
    second = Niche(1, None, 0, Point(3.5), numbered(1), (100.0,))
    now = Population(10, (second,), (first,), niches_born=2, children_tried=100)
    tasks = [Point(x) for x in (-2.0, 1.0, 4.0)]
    children = [Child(i, 10, 1, tasks[i], "crowded", 100.0, None, None) for i in range(3)]
    found, novel = ranked(children, now, setup, KEY)
    assert [child.task.x for child in found] == expected
    assert [child.novelty for child in found] == [novel.of[child.id] for child in found]


def test_distances_are_in_units_of_the_standard_deviation_of_each_parameter() -> None:
    """Those of x, which is 0, 2, 0 and 4, and of y, 0, 0, 20 and 20: sqrt(2.75) and 10."""
    (first,) = population(300.0).active
    second = Niche(1, 0, 0, Point(2.0), numbered(1), (100.0,))
    now = Population(10, (first, second), (), niches_born=2, children_tried=100)
    children = [
        Child(i, 10, 0, Point(x, 20.0), "crowded", 100.0, None, None) for i, x in enumerate([0, 4])
    ]
    found = distances_from_first(children, now, Line())
    assert found == pytest.approx({0: 2.0, 1: math.hypot(4 / math.sqrt(2.75), 2.0)})
    balanced = balanced_distances_from_first(children, now, Line())
    assert balanced == pytest.approx(
        {0: math.sqrt(2.0), 1: math.sqrt(4 / math.sqrt(2.75)) + math.sqrt(2.0)}
    )


@pytest.mark.parametrize(
    ("order", "expected"), [("distance", (4.0, 0.0)), ("balanced", (3.0, 0.5))]
)
def test_the_balanced_order_prefers_children_in_which_all_parameters_have_grown(
    order: str, expected: tuple[float, float]
) -> None:
    """Of a child at (4, 0) and one at (3, 0.5), the first is farther in a straight line."""
    setup = setup_of(Line(), neighbours=1, order=order)
    (first,) = population(300.0).active
    niches = [Niche(1, 0, 0, Point(3.0, 2.0), numbered(1), (100.0,))]
    now = Population(10, (first, *niches), (), niches_born=2, children_tried=100)
    tasks = [Point(4.0, 0.0), Point(3.0, 0.5)]
    children = [Child(i, 10, 0, task, "crowded", 100.0, None, None) for i, task in enumerate(tasks)]
    found, _ = ranked(children, now, setup, KEY)
    assert (found[0].task.x, found[0].task.y) == expected


def test_no_novelty_is_measured_without_valid_children() -> None:
    learner = CountedLearner(TableLearner(lambda number, task: 0.0))
    setup = setup_of(Line(1.0), learner)
    children = first_criterion(litter(population(300), setup, KEY), population(300), setup, KEY)
    assert ranked(children, population(300), setup, KEY)[0] == []


class Adapting(TableLearner):
    """Scores are 100 after adaptation and 100 - x before it, where x is the task's."""

    def evaluate(self, agents, tasks, keys):  # type: ignore[no-untyped-def]  # as TableLearner's
        return *super().evaluate(agents, tasks, keys), np.array([100.0 - task.x for task in tasks])


def test_children_with_too_small_a_gain_are_rejected_where_min_gain_is_set() -> None:
    setup = setup_of(
        Line(-10, 5, 40), Adapting(lambda number, task: 100.0), children=30, min_gain=10.0
    )
    children = litter(population(300.0, 300.0), setup, KEY)
    judged = first_criterion(children, population(300.0, 300.0), setup, KEY)
    outcomes = {child.outcome: child.task.x for child in judged if child.outcome != "duplicate"}
    assert set(outcomes) == {"no gain", "crowded"}
    assert all(
        (child.task.x >= 10) == (child.outcome == "crowded")
        for child in judged
        if child.outcome != "duplicate"
    )


def test_min_gain_does_not_apply_to_agents_that_do_not_adapt() -> None:
    setup = setup_of(Line(5), min_gain=1.0)
    children = litter(population(300.0), setup, KEY)
    assert {
        child.outcome for child in first_criterion(children, population(300.0), setup, KEY)
    } >= {"crowded"}
