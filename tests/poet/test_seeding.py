"""Seeding a run with tasks, agents or both of other runs; all are evaluated."""

from __future__ import annotations

import pytest
from fakes import CountedLearner, FakeFamily, FakeLearner, Point, TableLearner, numbered

from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import evolve
from openpoet.poet.seeding import Seed, seed_population
from openpoet.poet.streams import Key


def test_seeds_have_tasks_agents_or_both() -> None:
    learner = CountedLearner(TableLearner(lambda number, task: 100 * number + task.x))
    setup = Setup(FakeFamily(), learner, PoetConfig(seed=4))
    seeds = [
        Seed(Point(5.0), numbered(3), "a#1"),
        Seed(Point(6.0), None, "a#2"),
        Seed(None, numbered(2), "b#3"),
    ]
    population = seed_population(setup, seeds)
    both, task_only, agent_only = population.active
    assert (both.task, float(both.agent["number"]), both.scores, both.solved) == (
        Point(5.0),
        3.0,
        (305.0,),
        0,
    )
    assert (task_only.task, float(task_only.agent["number"]), task_only.best) == (
        Point(6.0),
        0.0,
        6.0,
    )
    assert (agent_only.task, float(agent_only.agent["number"])) == (FakeFamily().origin(), 2.0)
    assert [niche.source for niche in population.active] == ["a#1", "a#2", "b#3"]
    assert [niche.id for niche in population.active] == [0, 1, 2]
    assert float(both.agent["steps"]) == 0  # adopted: a new optimiser
    assert learner.ledger == {"seed": 3}
    assert (population.iteration, population.niches_born) == (0, 3)


def test_newborn_agents_differ() -> None:
    family = FakeFamily()
    setup = Setup(family, FakeLearner(family), PoetConfig(seed=4))
    one, two = seed_population(setup, [Seed(None, None, "x"), Seed(None, None, "y")]).active
    assert one.agent["velocity"].tolist() != two.agent["velocity"].tolist()
    again = FakeLearner(family).init(Key(4, ("seed", 1, "init")))
    assert two.agent["velocity"].tolist() == again["velocity"].tolist()


def test_a_seeded_population_evolves() -> None:
    family = FakeFamily()
    setup = Setup(family, FakeLearner(family), PoetConfig(seed=4))
    run = evolve(seed_population(setup, [Seed(Point(0.1 * i), None, "x") for i in range(3)]), setup)
    after = next(run)
    assert [len(niche.scores) for niche in after.active] == [2, 2, 2]


def test_too_many_or_no_seeds_raise_value_error() -> None:
    setup = Setup(FakeFamily(), TableLearner(lambda number, task: 0.0), PoetConfig(capacity=2))
    with pytest.raises(ValueError, match="3 niches do not fit into capacity 2"):
        seed_population(setup, [Seed(None, None, "x")] * 3)
    with pytest.raises(ValueError, match="at least one niche"):
        seed_population(setup, [])
