"""The main loop: its schedule, both transfer rules by hand, a small complete run, the ledger,
resuming.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from fakes import CountedLearner, FakeFamily, FakeLearner, Point, TableLearner, numbered

from openpoet.cli.conformance import same_agent
from openpoet.poet.checkpoint import from_records, to_records
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import evolve, optimize, start, transfer
from openpoet.poet.niche import Child, Event, Niche, Population, Transfer
from openpoet.poet.streams import Key

KEY = Key(0, ("iteration", 5))


def miniature(
    rule: str = "epoet", novelty: str = "pata-ec", noise: float = 0.0, **values: Any
) -> Setup:
    family = FakeFamily(noise)
    constants: dict[str, Any] = {
        "mutate_every": 6,
        "transfer_every": 4,
        "capacity": 4,
        "mc_high": 250,
        "max_admitted": 2,
    }
    config = PoetConfig(
        **{**constants, "seed": 1, "transfer_rule": rule, "novelty": novelty, **values}
    )
    return Setup(family, CountedLearner(FakeLearner(family)), config)


def run(
    setup: Setup, iterations: int, population: Population | None = None
) -> tuple[Population, list[Event]]:
    """The population after `iterations` more iterations, and all events in between."""
    population, events = population or start(setup), list[Event]()
    for population in islice(evolve(population, setup), iterations):  # noqa: B020  # the last one is the answer
        events += population.events
    return population, events


def same_population(one: Population, other: Population, setup: Setup) -> bool:
    (data, agents), (data_, agents_) = (to_records(p, setup.family) for p in (one, other))
    return (
        data == data_
        and agents.keys() == agents_.keys()
        and all(same_agent(agents[a], agents_[a]) for a in agents)
    )


def test_a_run_starts_with_one_niche() -> None:
    setup = miniature()
    population = start(setup)
    (niche,) = population.active
    assert (niche.id, niche.parent, niche.born, niche.task, niche.scores) == (
        0,
        None,
        0,
        Point(),
        (),
    )
    assert same_agent(niche.agent, setup.learner.init(Key(1, ("origin",))))
    assert (population.iteration, population.niches_born, setup.learner.ledger) == (0, 1, {})  # type: ignore[attr-defined]


def test_the_schedule_of_reproduction_and_transfer() -> None:
    """Reproduction on multiples of mutate_every but 0, transfer on multiples of transfer_every."""
    setup = miniature(mc_low=-1000.0, mc_high=1000.0, reproduce_at=-1000.0)
    run(setup, 13)
    keys = [key for _, keys in setup.learner.calls for key in keys if key.path[0] == "iteration"]  # type: ignore[attr-defined]
    trials = [key.purpose for _, keys in setup.learner.calls for key in keys]  # type: ignore[attr-defined]

    def when(purpose: str) -> list[Any]:
        return list(
            dict.fromkeys(key.path[1] for key in keys if key.purpose == f"iteration/{purpose}")
        )

    assert when("improve") == when("score") == list(range(13))
    assert when("birth/proposal") == [6, 12]
    assert when("transfer/direct") == [8, 12]  # at 0 and 4 there is only one niche
    newest_first = trials[::-1]
    last = [
        newest_first.index(f"iteration/{name}")
        for name in ("transfer/direct", "improve", "birth/direct")
    ]
    assert last == sorted(last)  # reproduction, then the ES step, then transfer


def test_an_iteration_calls_improve_and_evaluate_once() -> None:  # B16
    learner = CountedLearner(TableLearner(lambda number, task: number))
    setup = Setup(FakeFamily(), learner, PoetConfig())
    niches = tuple(Niche(i, None, 0, Point(float(i)), numbered(10.0 * i)) for i in (0, 4, 7))
    after = optimize(Population(5, niches, niches_born=8), setup, KEY)
    assert [(method, [key.path for key in keys]) for method, keys in learner.calls] == [
        ("improve", [("iteration", 5, "improve", i) for i in (0, 4, 7)]),
        ("evaluate", [("iteration", 5, "score", i) for i in (0, 4, 7)]),
    ]
    assert [niche.scores for niche in after.active] == [(0.5,), (40.5,), (70.5,)]
    assert [float(niche.agent["number"]) for niche in after.active] == [0.5, 40.5, 70.5]


def two_niches(
    score: Callable[[float, Point], float], rule: str, **values: Any
) -> tuple[Population, Setup]:
    """Niche 0 with agent 1 and scores 5, 9, 3; niche 1 with agent 2 and a score that no other agent
    reaches.
    """
    one = Niche(0, None, 0, Point(0.0), numbered(1), (5.0, 9.0, 3.0), best=9.0)
    two = Niche(1, None, 0, Point(1.0), numbered(2), (1000.0,), best=1000.0)
    setup = Setup(FakeFamily(), TableLearner(score), PoetConfig(transfer_rule=rule, **values))  # type: ignore[arg-type]
    return Population(5, (one, two), niches_born=2), setup


def accepted(population: Population) -> list[tuple[str, int, int]]:
    return [
        (e.kind, e.source, e.target)
        for e in population.events
        if isinstance(e, Transfer) and e.accepted
    ]


@pytest.mark.parametrize(
    ("rule", "direct", "proposal", "taken"),
    [
        # POET: the bar is the niche's latest score, 3, for both kinds; it must be exceeded.
        ("poet", 3.0, 3.0, None),
        ("poet", 4.0, 3.0, "direct"),
        ("poet", 4.0, 4.0, "direct"),
        ("poet", 1.0, 4.0, "proposal"),
        ("poet", 4.0, 4.5, "proposal"),
        # Enhanced POET: the bar is the best of the last scores, 9, first for the direct transfer
        # and
        # then for the proposal.
        ("epoet", 4.0, 500.0, None),
        ("epoet", 9.0, 500.0, None),
        ("epoet", 10.0, 9.0, None),
        ("epoet", 10.0, 9.5, "proposal"),
        (
            "epoet",
            500.0,
            10.0,
            "proposal",
        ),  # always the proposal, even if the direct transfer is better
    ],
)
def test_transfer_rules_by_hand(
    rule: str, direct: float, proposal: float, taken: str | None
) -> None:
    population, setup = two_niches(
        lambda number, task: {2.0: direct, 2.5: proposal}.get(number, 0.0), rule
    )
    after = transfer(population, setup, KEY)
    assert accepted(after) == ([] if taken is None else [(taken, 1, 0)])
    niche = after.active[0]
    if taken is None:
        assert niche == population.active[0]
    else:
        score = direct if taken == "direct" else proposal
        assert float(niche.agent["number"]) == (2.0 if taken == "direct" else 2.5)
        assert float(niche.agent["steps"]) == 0.0  # a new optimiser
        assert (niche.scores, niche.best) == ((5.0, 9.0, score), max(9.0, score))
    assert {e.bar for e in after.events if isinstance(e, Transfer) and e.target == 0} == {
        3.0 if rule == "poet" else 9.0
    }


def test_the_score_of_an_accepted_transfer_is_the_next_bar() -> None:  # B22
    population, setup = two_niches(lambda number, task: 20.0, "epoet")
    once = transfer(population, setup, KEY)
    assert accepted(once) == [("proposal", 1, 0)]
    twice = transfer(replace(once, events=()), setup, KEY)
    assert accepted(twice) == []
    assert {e.bar for e in twice.events if isinstance(e, Transfer) and e.target == 0} == {20.0}


@pytest.mark.parametrize("rule", ["poet", "epoet"])
def test_transfers_use_the_agents_from_before_the_round(rule: str) -> None:
    population, setup = two_niches(lambda number, task: number, rule)
    one, two = population.active
    # Both niches take over the other's agent: the result must not depend on their order.
    swap = Population(5, (replace(one, scores=(0.1,)), replace(two, scores=(0.2,))), niches_born=2)
    after = transfer(swap, setup, KEY)
    assert [float(niche.agent["number"]) for niche in after.active] == [2.5, 1.5]


@pytest.mark.parametrize(("rule", "novelty"), [("poet", "parameters"), ("epoet", "pata-ec")])
def test_a_small_run_has_all_events_and_counts_every_step(rule: str, novelty: str) -> None:
    setup = miniature(rule, novelty)
    population, events = run(setup, 150)
    outcomes = Counter(event.outcome for event in events if isinstance(event, Child))
    assert (
        min(outcomes[name] for name in ("admitted", "duplicate", "too hard", "too easy", "crowded"))
        > 0
    ), outcomes
    assert outcomes["too easy after transfer"] > 0
    kinds = Counter((e.kind, e.at_birth, e.accepted) for e in events if isinstance(e, Transfer))
    assert kinds["proposal", False, True] > 0
    assert kinds["direct", True, True] > 0
    assert kinds["proposal", True, True] > 0
    assert (kinds["direct", False, True] > 0) == (rule == "poet")
    assert len(population.active) == setup.config.capacity
    assert len(population.retired) > 5
    assert 0 < population.annecs <= len(population.niches)
    assert 0 < population.annecs_reference < population.niches_born
    assert bool(population.scores_of_retired) == (novelty == "pata-ec")

    ledger = setup.learner.ledger  # type: ignore[attr-defined]
    assert sum(ledger.values()) == setup.family.steps  # type: ignore[attr-defined]  # B20
    spent = [
        "improve",
        "score",
        "criterion",
        "transfer/direct",
        "transfer/proposal",
        "birth/direct",
        "birth/proposal",
    ]
    extra = "novelty" if novelty == "pata-ec" else "annecs"
    assert set(ledger) == {f"iteration/{purpose}" for purpose in [*spent, extra]}
    for kind in ("direct", "proposal"):
        for at_birth, where in ((True, "birth"), (False, "transfer")):
            recorded = sum(
                e.steps
                for e in events
                if isinstance(e, Transfer) and (e.kind, e.at_birth) == (kind, at_birth)
            )
            assert recorded == ledger[f"iteration/{where}/{kind}"]


def test_every_child_and_every_niche_is_recorded() -> None:
    setup = miniature()
    population, events = run(setup, 120)
    children = [event for event in events if isinstance(event, Child)]
    assert sorted(child.id for child in children) == list(range(population.children_tried))
    born = {child.niche: child for child in children if child.outcome == "admitted"}
    assert [niche.id for niche in population.niches] == list(range(population.niches_born))
    assert set(born) == set(range(1, population.niches_born))
    for niche in population.niches[1:]:
        child = born[niche.id]
        assert (niche.task, niche.parent, niche.born) == (child.task, child.parent, child.iteration)
        assert niche.novelty == child.novelty
    litters = Counter(child.iteration for child in children)
    assert set(litters.values()) == {setup.config.children}
    assert all(child.niche is None for child in children if child.outcome != "admitted")


def test_retired_niches_do_not_change() -> None:
    setup = miniature()
    first_seen: dict[int, Niche] = {}
    for population in islice(evolve(start(setup), setup), 100):
        for niche in population.retired:
            assert niche is first_seen.setdefault(niche.id, niche)
    assert len(first_seen) > 3


def test_cached_scores_of_retired_agents_do_not_change_the_run() -> None:  # B17
    one, two = miniature(), miniature()
    cached, uncached = start(one), start(two)
    for _ in range(60):
        cached = next(evolve(cached, one))
        uncached = next(evolve(replace(uncached, scores_of_retired={}), two))
    assert cached.retired
    assert same_population(
        replace(cached, scores_of_retired={}), replace(uncached, scores_of_retired={}), one
    )
    assert one.learner.ledger["iteration/novelty"] < two.learner.ledger["iteration/novelty"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(2))
# B7, and B6: the same parameters with another seed are another task
def test_the_parameters_of_a_retired_task_can_occur_again(seed: int) -> None:
    setup = miniature(
        capacity=1,
        max_admitted=1,
        seed=seed,
        mutate_every=3,
        reproduce_at=50.0,
        mc_low=0.0,
        mc_high=290.0,
    )
    setup.family.mutate = lambda task, rng: Point(
        0.5 if task.x < 0.5 else 0.3, 0.0, int(rng.integers(99))
    )  # type: ignore[method-assign]
    population, _ = run(setup, 100)
    niches_at = Counter(niche.task.x for niche in population.niches)
    assert niches_at[0.3] > 2
    assert len({niche.task for niche in population.niches}) > 3


def test_equal_seeds_give_equal_runs_in_a_noisy_family() -> None:
    one, two, other = (run(miniature(noise=0.1, seed=seed), 50)[0] for seed in (1, 1, 2))
    assert same_population(one, two, miniature())
    assert not same_population(one, other, miniature())


def test_batched_and_one_by_one_learners_give_equal_runs() -> None:
    class OneByOne(FakeLearner):
        def improve(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
            parts = [
                super(OneByOne, self).improve([a], [t], [k])
                for a, t, k in zip(agents, tasks, keys, strict=True)
            ]
            return [part[0][0] for part in parts], [part[1][0] for part in parts]

    setup = miniature(noise=0.1)
    slow = replace(setup, learner=OneByOne(setup.family))
    assert same_population(run(setup, 30)[0], run(slow, 30)[0], setup)


@pytest.mark.parametrize(("rule", "novelty"), [("poet", "parameters"), ("epoet", "pata-ec")])
def test_a_resumed_run_equals_the_uninterrupted_run(rule: str, novelty: str) -> None:  # B14
    setup = miniature(rule, novelty, noise=0.02, mutate_every=4, capacity=3)
    whole, whole_events = run(setup, 40)
    half, first = run(setup, 17)
    data, agents = to_records(half, setup.family)
    resumed, second = run(
        setup, 23, from_records(json.loads(json.dumps(data)), agents, setup.family)
    )
    assert same_population(resumed, whole, setup)
    assert whole.retired
    assert [repr(event) for event in [*first, *second]] == [repr(event) for event in whole_events]


def test_with_patience_niches_are_learned_or_old_when_they_retire() -> None:
    """Without it this run retires niches that are younger and have not reached 200."""
    patience, early = 30, dict[int, list[int]]()
    for value in (0, patience):
        setup = miniature(mutate_every=2, patience=value, reproduce_at=200.0)
        retired = run(setup, 150)[0].retired
        assert len(retired) >= 3
        early[value] = [
            niche.id
            for niche in retired
            if (niche.died or 0) - niche.born < patience and (niche.best or 0.0) < 200.0
        ]
    assert early[0]
    assert not early[patience]
