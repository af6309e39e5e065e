"""Novelty and transfer rule are objects in Setup: selected by name, or user-defined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import pytest
from fakes import FakeFamily, FakeLearner

from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import evolve, start
from openpoet.poet.interfaces import Learner
from openpoet.poet.niche import Child, Niche, Population
from openpoet.poet.novelty import Novelties, ParameterNovelty, PataEc
from openpoet.poet.streams import Key
from openpoet.poet.transfer import (
    AnyAtBirth,
    Candidate,
    GatedTransfer,
    NoTransfer,
    Place,
    PoetTransfer,
    try_all,
)

CONFIG = PoetConfig(
    seed=1,
    mutate_every=4,
    transfer_every=2,
    capacity=4,
    reproduce_at=50.0,
    mc_low=0.0,
    mc_high=290.0,
    max_admitted=1,
)


def test_settings_select_the_rules_of_both_papers() -> None:
    family = FakeFamily()
    for name, rule, novelty, transfer in (
        ("parameters", "poet", ParameterNovelty(7), PoetTransfer),
        ("pata-ec", "epoet", PataEc(7, low=-3, high=4), GatedTransfer),
    ):
        config = PoetConfig(novelty=name, transfer_rule=rule, neighbours=7, mc_low=-3, mc_high=4)  # type: ignore[arg-type]
        setup = Setup(family, FakeLearner(family), config)
        assert setup.novelty == novelty
        assert type(setup.transfer) is transfer


@pytest.mark.parametrize("name", ["novelty", "transfer_rule"])
def test_unknown_names_raise_value_error(name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must be one of '[^\n]*', got 'x'$"):
        PoetConfig(**{name: "x"})


@dataclass
class Youngest:
    """Novelty is the id: the youngest child is the most novel."""

    measured: list[int] = field(default_factory=list)

    def measure(
        self, children: Sequence[Child], population: Population, setup: Setup, key: Key
    ) -> Novelties:
        self.measured += [child.id for child in children]
        return Novelties({child.id: float(child.id) for child in children})


def test_a_run_with_user_defined_novelty() -> None:
    family, novelty = FakeFamily(), Youngest()
    setup = Setup(family, FakeLearner(family), CONFIG, novelty=novelty)
    children = [c for p in islice(evolve(start(setup), setup), 40) for c in p.children]
    born = [child for child in children if child.outcome == "admitted"]
    crowded = [child for child in children if child.outcome == "crowded"]
    assert novelty.measured
    assert len(born) > 2
    assert [child.novelty for child in born] == [float(child.id) for child in born]
    for child in born:  # no younger child of the same iteration was left out
        assert all(c.id < child.id for c in crowded if c.iteration == child.iteration)


class Never(AnyAtBirth):
    """Transfers are tried and never accepted."""

    def bar(self, niche: Niche) -> float:
        return -1e9

    def attempt(
        self, sources: Sequence[Niche], places: Sequence[Place], learner: Learner, key: Key
    ) -> list[Candidate]:
        return try_all(sources, places, learner, key)

    def installs(self, candidate: Candidate) -> bool:
        return False


def test_a_run_with_a_user_defined_transfer_rule() -> None:
    family = FakeFamily()
    own = Setup(family, FakeLearner(family), CONFIG, transfer=Never())
    papers = Setup(family, FakeLearner(family), replace(CONFIG, transfer_rule="poet"))
    tried, accepted = ({}, {})
    for setup in (own, papers):
        events = [
            event
            for population in islice(evolve(start(setup), setup), 40)
            for event in population.transfers
            if not event.at_birth
        ]
        tried[setup], accepted[setup] = len(events), sum(event.accepted for event in events)
    assert min(tried.values()) > 0
    assert accepted[own] == 0 < accepted[papers]


def test_a_run_without_transfer() -> None:
    """Agents never move, and each child starts from its parent's agent, also where another agent
    would be better.
    """
    family = FakeFamily()
    setup = Setup(family, FakeLearner(family), replace(CONFIG, transfer_rule="none"))
    assert isinstance(setup.transfer, NoTransfer)
    populations = list(islice(evolve(start(setup), setup), 40))
    events = [event for population in populations for event in population.transfers]
    assert events
    assert all(event.at_birth and event.kind == "direct" for event in events)
    children = {c.id: c for p in populations for c in p.children if c.outcome == "admitted"}
    taken = {event.target: event for event in events if event.accepted}
    assert set(taken) == set(children)
    assert len(children) > 2
    assert all(taken[id].source == child.parent for id, child in children.items())
    better = [
        event
        for event in events
        if event.target in taken and event.score > taken[event.target].score
    ]
    assert better
