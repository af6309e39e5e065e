"""Population-based training over niches: which agents are replaced, by what; events; resuming."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
import torch
from fakes import CountedLearner, FakeFamily, Point, TableLearner, numbered

from openpoet.cli.conformance import same_agent
from openpoet.poet.checkpoint import from_records, to_records
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import evolve, start
from openpoet.poet.interfaces import Agent
from openpoet.poet.niche import Niche, Population, Transfer
from openpoet.poet.pbt import exploit
from openpoet.poet.streams import Key

KEY = Key(0, ("iteration", 5))


class Exploring(TableLearner):
    """`explore` adds 1 to the hyperparameter `rate`."""

    def explore(self, agent: Agent, key: Key) -> Agent:
        return {**agent, "hyper/rate": agent.get("hyper/rate", torch.zeros(())) + 1}

    def adopt(self, agent: Agent) -> Agent:
        hyperparameters = {
            name: value for name, value in agent.items() if name.startswith("hyper/")
        }
        return {**super().adopt(agent), **hyperparameters}


def population_of(tasks: list[Point], numbers: list[float]) -> Population:
    niches = tuple(
        Niche(
            i,
            None,
            0,
            task,
            {**numbered(number), "hyper/rate": torch.tensor(10.0 * i)},
            (0.0, 1.0),
            best=1.0,
        )
        for i, (task, number) in enumerate(zip(tasks, numbers, strict=True))
    )
    return Population(5, niches, niches_born=len(niches))


def setup_of(learner: Any, **values: Any) -> Setup:
    return Setup(FakeFamily(), learner, PoetConfig(pbt_every=1, **values))


def taken(population: Population) -> list[tuple[int, int]]:
    return [
        (e.target, e.source)
        for e in population.events
        if isinstance(e, Transfer) and e.kind == "exploit"
    ]


def test_in_one_task_the_worst_agents_are_replaced_by_the_best_and_their_hyperparameters() -> None:
    # the worst are 4 and 9, the best 0 and 5
    numbers = [50.0, 40.0, 30.0, 20.0, 10.0, 45.0, 35.0, 25.0, 15.0, 5.0]
    before = population_of([Point()] * 10, numbers)
    learner = CountedLearner(Exploring(lambda number, task: number))
    learner.explore = learner.learner.explore  # type: ignore[attr-defined]
    after = exploit(before, setup_of(learner), KEY)
    assert [target for target, _ in taken(after)] == [4, 9]
    for target, source in taken(after):
        assert source in (0, 5)
        niche, parent = after.active[target], before.active[source]
        assert float(niche.agent["number"]) == numbers[source]
        assert float(niche.agent["hyper/rate"]) == float(parent.agent["hyper/rate"]) + 1
        assert float(niche.agent["steps"]) == 0  # a new optimiser
        assert (niche.scores, niche.best) == ((0.0, numbers[source]), numbers[source])
    for i in set(range(10)) - {4, 9}:
        assert after.active[i] is before.active[i]
    # One evaluation per agent, since there is one task, and one more for each replaced agent.
    assert learner.ledger == {"iteration/exploit": 10, "iteration/exploit/explored": 2}
    event = next(e for e in after.events if isinstance(e, Transfer))
    assert (event.iteration, event.at_birth, event.score, event.bar) == (
        5,
        False,
        event.score,
        10.0,
    )
    assert (event.score in (50.0, 45.0), event.accepted, event.steps) == (True, True, 1)


def test_agents_are_compared_in_the_same_task() -> None:
    """Returns in niche 2's task are low for all agents: its agent has the lowest score in its own
    task, but the best score of all agents in that task.
    """
    tasks = [Point(0.1), Point(0.2), Point(0.3), Point(0.4)]

    def score(number: float, task: Point) -> float:
        if task.x == 0.3:
            return 2.0 if number == 30 else 1.0 - number / 1000
        return 100.0 + number

    before = population_of(tasks, [10.0, 20.0, 30.0, 40.0])
    after = exploit(before, setup_of(Exploring(score), pbt_share=0.25), KEY)
    assert taken(after) == [(0, 3)]  # 10 is the worst in niche 0; 20 has 10 below it in niche 1


def test_agents_compared_in_a_task_share_its_key() -> None:
    learner = CountedLearner(Exploring(lambda number, task: number))
    learner.explore = learner.learner.explore  # type: ignore[attr-defined]
    exploit(
        population_of([Point(0.1), Point(0.2), Point(0.1)], [1.0, 2.0, 3.0]), setup_of(learner), KEY
    )
    (_, comparing), (_, scoring) = learner.calls
    assert [key.path[-1] for key in comparing] == [0, 0, 0, 1, 1, 1]
    assert [key.path for key in scoring] == [
        ("iteration", 5, "score", 0)
    ]  # the key of the niche's own score


def test_ties_are_broken_at_random() -> None:
    before = population_of([Point()] * 2, [7.0, 7.0])
    learner = Exploring(lambda number, task: number)
    replaced = {
        taken(exploit(before, setup_of(learner), Key(seed, ("iteration", 5))))[0]
        for seed in range(20)
    }
    assert replaced == {(0, 1), (1, 0)}


def test_initial_niches_share_the_task_and_differ_in_hyperparameters() -> None:
    population = start(setup_of(Exploring(lambda number, task: number), niches=3))
    assert [niche.task for niche in population.active] == [Point()] * 3
    assert [niche.agent.get("hyper/rate") is not None for niche in population.active] == [
        False,
        True,
        True,
    ]
    assert population.niches_born == 3
    alone = start(Setup(FakeFamily(), TableLearner(lambda number, task: 0.0), PoetConfig()))
    assert len(alone.active) == 1


def test_exploit_happens_every_pbt_every_iterations_without_changing_tasks() -> None:
    setup = setup_of(
        Exploring(lambda number, task: number), niches=4, mutate_every=0, transfer_every=0
    )
    setup = replace(setup, config=replace(setup.config, pbt_every=5))
    when: Counter[int] = Counter()
    for population in islice(evolve(start(setup), setup), 20):
        when.update(event.iteration for event in population.events)
    assert set(when) == {5, 10, 15, 20}
    assert {niche.task for niche in population.niches} == {Point()}
    assert len(population.niches) == 4


def test_a_resumed_run_equals_the_uninterrupted_run() -> None:
    setup = setup_of(
        Exploring(lambda number, task: number + task.x), niches=3, reproduce_at=-1.0, mc_low=-1.0
    )
    setup = replace(
        setup,
        config=replace(setup.config, pbt_every=2, mutate_every=3, transfer_every=4, capacity=5),
    )
    (*_, whole) = islice(evolve(start(setup), setup), 12)
    passed = list(islice(evolve(start(setup), setup), 6))
    assert any(taken(population) for population in passed)
    half = passed[-1]
    data, agents = to_records(half, setup.family)
    (*_, resumed) = islice(
        evolve(from_records(json.loads(json.dumps(data)), agents, setup.family), setup), 6
    )
    (one, one_agents), (two, two_agents) = (
        to_records(whole, setup.family),
        to_records(resumed, setup.family),
    )
    assert one == two
    assert all(same_agent(one_agents[name], two_agents[name]) for name in one_agents)


def test_a_learner_without_hyperparameters_raises_value_error() -> None:
    with pytest.raises(
        ValueError,
        match=r"^poet.pbt_every: this learner has no hyperparameters that its "
        r"agents carry",
    ):
        setup_of(TableLearner(lambda number, task: 0.0))
    # accepted where pbt_every is 0
    Setup(FakeFamily(), TableLearner(lambda number, task: 0.0), PoetConfig())
