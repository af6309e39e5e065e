"""Reproduction up to birth: parents, trials, duplicates and the first minimal criterion."""

from __future__ import annotations

from collections import Counter

import numpy as np
from fakes import CountedLearner, FakeFamily, Point, TableLearner, numbered
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.measuring import by_novelty, first_criterion
from openpoet.poet.niche import Niche, Population
from openpoet.poet.reproduction import litter
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
        Niche(first + i, None, 0, Point(10.0 * (first + i)), numbered(first + i), (score,))
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


def test_only_niches_that_do_well_enough_have_children() -> None:
    children = litter(population(199.9, 200.0, 500.0), setup_of(Line(1, 2, 3), children=60), KEY)
    assert {child.parent for child in children} == {1, 2}
    assert litter(population(199.9), setup_of(Line(1)), KEY) == []


def test_the_latest_score_decides_and_a_niche_without_one_waits() -> None:
    faded = Niche(0, None, 0, Point(), numbered(0), (500.0, 10.0))
    newborn = Niche(1, None, 0, Point(), numbered(0))
    assert litter(Population(1, (faded, newborn), niches_born=2), setup_of(Line(1)), KEY) == []


def test_trials_are_as_many_as_asked_with_parents_drawn_with_replacement() -> None:
    children = litter(population(300.0, 300.0), setup_of(Line(1, 2, 3, 4), children=40), KEY)
    assert [child.id for child in children] == list(range(100, 140))
    shares = Counter(child.parent for child in children)
    assert min(shares.values()) > 8  # both, in about equal shares
    assert all(child.iteration == 10 for child in children)


def test_a_child_is_its_own_stream() -> None:
    few, many = (
        litter(population(300.0), setup_of(Line(1, 2, 3, 4), children=n), KEY) for n in (3, 8)
    )
    assert [child.task for child in few] == [child.task for child in many[:3]]


def test_living_tasks_and_earlier_siblings_are_duplicates_retired_tasks_are_not() -> None:  # B7
    gone = Niche(0, None, 0, Point(11.0), numbered(0), died=5)
    children = litter(
        population(300.0, retired=(gone,)), setup_of(Line(0.0, 1.0), children=12), KEY
    )
    stayed = [child for child in children if child.task.x == 10.0]
    moved = [child for child in children if child.task.x == 11.0]
    assert stayed
    assert {child.outcome for child in stayed} == {"duplicate"}
    assert [child.outcome for child in moved] == ["crowded", *["duplicate"] * (len(moved) - 1)]
    assert len({child.task.seed for child in children}) > 1  # equal parameters, whatever the seed


def test_the_criterion_asks_the_parents_agent_in_the_childs_own_task() -> None:  # B6
    asked = []

    def score(number: float, task: Point) -> float:
        asked.append((number, task))
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
    assert [(float(child.parent), child.task) for child in tried] == asked
    assert [child.outcome for child in tried] == [outcomes[child.parent] for child in tried]
    assert {child.score for child in children if child.outcome == "duplicate"} == {None}
    assert len(learner.calls) == 1  # B16
    assert set(learner.ledger) == {"iteration/criterion"}


def test_the_most_novel_come_first_and_of_equals_the_elder() -> None:
    setup = setup_of(Line(-3.0, 1.0, 2.0, 3.0), children=30)
    children = first_criterion(litter(population(300), setup, KEY), population(300), setup, KEY)
    ranked, novel = by_novelty(children, population(300), setup, KEY)
    assert [abs(child.task.x) for child in ranked] == [3, 3, 2, 1]
    assert ranked[0].id < ranked[1].id
    assert (
        [child.novelty for child in ranked]
        == [3, 3, 2, 1]
        == [novel.of[child.id] for child in ranked]
    )


def test_no_survivors_no_novelty() -> None:
    learner = CountedLearner(TableLearner(lambda number, task: 0.0))
    setup = setup_of(Line(1.0), learner)
    children = first_criterion(litter(population(300), setup, KEY), population(300), setup, KEY)
    assert by_novelty(children, population(300), setup, KEY)[0] == []


class Adapting(TableLearner):
    """Its agents score 100 after adaptation, and what is left of it before grows with the task's
    x.
    """

    def evaluate(self, agents, tasks, keys):  # type: ignore[no-untyped-def]  # as TableLearner's
        return *super().evaluate(agents, tasks, keys), np.array([100.0 - task.x for task in tasks])


def test_a_child_that_asks_for_no_adaptation_is_refused_where_a_gain_is_asked_for() -> None:
    setup = setup_of(
        Line(-10, 5, 40), Adapting(lambda number, task: 100.0), children=30, min_gain=10.0
    )
    children = litter(population(300.0, 300.0), setup, KEY)
    judged = first_criterion(children, population(300.0, 300.0), setup, KEY)
    fates = {child.outcome: child.task.x for child in judged if child.outcome != "duplicate"}
    assert set(fates) == {"no gain", "crowded"}
    assert all(
        (child.task.x >= 10) == (child.outcome == "crowded")
        for child in judged
        if child.outcome != "duplicate"
    )


def test_no_gain_is_asked_of_agents_that_do_not_adapt() -> None:
    setup = setup_of(Line(5), min_gain=1.0)
    children = litter(population(300.0), setup, KEY)
    assert {
        child.outcome for child in first_criterion(children, population(300.0), setup, KEY)
    } >= {"crowded"}
