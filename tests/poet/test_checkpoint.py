"""Checkpoints: exact round trip through JSON text, and one-line errors for invalid records."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal, get_args

import pytest
import torch
from fakes import FakeFamily, FakeLearner, Point
from hypothesis import given, settings
from hypothesis import strategies as st

from openpoet.poet.checkpoint import from_records, to_records
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import evolve, start
from openpoet.poet.niche import Child, Event, Kind, Niche, Outcome, Population, Transfer
from openpoet.poet.records import Fields, made

FAMILY = FakeFamily()
SETUP = Setup(
    FAMILY,
    FakeLearner(FAMILY),
    PoetConfig(seed=1, mutate_every=6, transfer_every=4, capacity=3, mc_high=250, max_admitted=2),
)


@pytest.fixture(scope="module")
def population() -> Population:
    """A population with retired niches, cached scores, and both kinds of events."""
    for population in islice(evolve(start(SETUP), SETUP), 37, 100):
        if {type(event) for event in population.events} == {
            Child,
            Transfer,
        } and population.scores_of_retired:
            return population
    raise AssertionError("no such population in 100 iterations")


def through_json(population: Population) -> Population:
    data, agents = to_records(population, FAMILY)
    return from_records(json.loads(json.dumps(data, allow_nan=False)), agents, FAMILY)


def test_a_population_round_trips_through_json_exactly(population: Population) -> None:
    again = through_json(population)
    in_order = replace(
        population, scores_of_retired=dict(sorted(population.scores_of_retired.items()))
    )
    assert repr(again) == repr(in_order)  # floats are bit-identical, tuples stay tuples
    assert again.scores_of_retired == population.scores_of_retired
    assert again.events == population.events
    assert again.iteration > 37
    # the same tensor objects
    assert [niche.agent for niche in again.niches] == [niche.agent for niche in population.niches]


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers(0, 2**53 - 1)
CHILDREN = st.builds(
    Child,
    id=st.integers(0, 2**53 - 2),
    iteration=WHOLE,
    parent=st.just(0),
    task=st.builds(Point, NUMBERS, NUMBERS, WHOLE),
    outcome=st.sampled_from(get_args(Outcome)),
    score=st.none() | NUMBERS,
    novelty=st.none() | NUMBERS,
    niche=st.none() | st.just(0),
)
TRANSFERS = st.builds(
    Transfer,
    iteration=WHOLE,
    kind=st.sampled_from(get_args(Kind)),
    source=st.just(0),
    target=WHOLE,
    at_birth=st.booleans(),
    score=NUMBERS,
    bar=st.none() | NUMBERS,
    accepted=st.booleans(),
    steps=WHOLE,
)


@given(st.lists(st.one_of(CHILDREN, TRANSFERS), max_size=8))
@settings(max_examples=50)
def test_events_round_trip_through_json_in_order(events: list[Event]) -> None:
    before = replace(start(SETUP), events=tuple(events), children_tried=2**53 - 1)
    assert repr(through_json(before).events) == repr(before.events)


def test_records_of_events_have_the_tag_of_their_class(population: Population) -> None:
    data, _ = to_records(population, FAMILY)
    assert [record["event"] for record in data["events"]] == [e.tag for e in population.events]
    assert {type(event): event.tag for event in population.events} == {
        Child: "child",
        Transfer: "transfer",
    }
    assert len(population.children) + len(population.transfers) == len(population.events)


def test_fields_of_records_are_read_by_their_annotations() -> None:
    """A new field needs one line in niche.py, and no second list of names."""

    @dataclass(frozen=True)
    class More(Niche):
        effort: int = 0
        share: float | None = None
        marked: bool = False
        mood: Literal["calm", "busy"] = "calm"

    record = {"effort": 3, "share": 0.1, "marked": True, "mood": "busy"}
    plain = {"id": 4, "parent": None, "born": 0, "best": None, "solved": None, "novelty": None}
    rest = {"before": None, "viable_to_all": False, "viable_to_retired": False, "died": None}
    take = Fields({**plain, **rest, "source": None, **record}, "niche")
    given_here = {"task": Point(), "agent": {}, "scores": (), "score_key": None}
    made_of_it = made(More, take, **given_here)
    take.end()
    assert made_of_it == More(
        4, None, 0, Point(), {}, effort=3, share=0.1, marked=True, mood="busy"
    )
    for name, wrong in (("effort", -1), ("share", "x"), ("marked", 1), ("mood", "sad")):
        take = Fields({**plain, **rest, "source": None, **record, name: wrong}, "niche")
        with pytest.raises(ValueError, match=rf"^niche.{name} must be [^\n]*$"):
            made(More, take, **given_here)


def test_incremental_records_add_up_to_the_full_record() -> None:
    """Each retired niche and each of its scores is in the records of exactly one iteration."""
    before, retired, scores = None, [], []
    for population in islice(evolve(start(SETUP), SETUP), 60):
        new, _ = to_records(population, FAMILY, before)
        whole, agents = to_records(population, FAMILY)
        retired += new["retired"]
        scores += new["scores_of_retired"]
        assert {**new, "retired": retired, "scores_of_retired": sorted(scores)} == whole
        assert len(agents) == len(population.niches)
        before = population
    assert len(retired) > 3
    assert scores


def test_scores_measured_after_retirement_are_recorded(population: Population) -> None:
    pair = next(iter(population.scores_of_retired))
    fewer = {p: score for p, score in population.scores_of_retired.items() if p != pair}
    new, _ = to_records(population, FAMILY, replace(population, scores_of_retired=fewer))
    assert new["scores_of_retired"] == [[*pair, population.scores_of_retired[pair]]]


def test_an_initial_population_round_trips() -> None:
    assert repr(through_json(start(SETUP))) == repr(start(SETUP))


def at(*path: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        place: Any = data
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value

    return change


def without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda data: data.pop(name)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (at("schema", value=1), "schema must be 2, got 1"),
        (without("retired"), "checkpoint.retired is missing"),
        (at("surprise", value=1), "unknown field 'surprise'"),
        (at("iteration", value=-1), "iteration must be a whole number from 0"),
        (at("iteration", value=1.5), "iteration must be a whole number"),
        (at("iteration", value=10**400), "iteration must be a whole number"),
        (at("iteration", value=True), "iteration must be a whole number"),
        (at("iteration", value=3), "must not have events after iteration 3"),
        (at("niches_born", value=1), "niche ids must rise"),
        (at("children_tried", value=0), "must be one of the 0 tried"),
        (at("active", value=[]), "at least one niche"),
        (at("active", value={}), "active must be a list"),
        (at("active", 0, value=3), r"active\[0\] must be a JSON object, got int"),
        (at("active", 0, "id", value=0), r"active\[0\].agent must be 'niche-0'"),
        (at("active", 0, "agent", value="../../etc/passwd"), r"active\[0\].agent must be"),
        (at("active", 0, "scores", value=[float("nan")]), r"scores must be finite"),
        (at("active", 0, "scores", value="12"), r"scores must be a list"),
        (at("active", 0, "best", value=float("inf")), r"best must be a finite number"),
        (at("active", 0, "best", value=10**400), r"best must be a finite number"),
        (at("active", 0, "viable_to_all", value=1), r"viable_to_all must be true or false"),
        (at("active", 0, "source", value=7), r"source must be a string or null"),
        (at("active", 0, "parent", value=10**9), "must have an older niche as its parent"),
        (at("active", 0, "died", value=1), "must have `died` if it is retired"),
        (at("retired", 0, "died", value=None), "must have `died` if it is retired"),
        (at("active", 0, "task", value={"x": 1}), "not a point"),
        (at("events", 0, "event", value="party"), "event must be one of child, transfer"),
        (at("events", 0, "outcome", value="eaten"), "outcome must be one of"),
        (at("events", 0, "parent", value=10**6), "must name niches of the checkpoint"),
        (at("scores_of_retired", 0, 0, value=10**6), "must be of a retired agent in a niche"),
        (at("scores_of_retired", 0, 1, value=10**6), "must be of a retired agent in a niche"),
        (at("scores_of_retired", 0, 1, value=[1.0]), "must be of a retired agent in a niche"),
        (at("scores_of_retired", 0, 2, value="x"), "must be rows"),
        (at("scores_of_retired", 0, value=[0, 0]), "must be rows"),
        (lambda data: data["scores_of_retired"].append(data["scores_of_retired"][0]), "twice"),
        (lambda data: data["retired"].append(data["retired"][0]), "niche ids must rise"),
    ],
)
def test_damaged_records_raise_one_line_errors(
    population: Population, damage: Callable[[dict[str, Any]], None], message: str
) -> None:
    data, agents = to_records(population, FAMILY)
    data = copy.deepcopy(json.loads(json.dumps(data)))
    from_records(data, agents, FAMILY)
    damage(data)
    with pytest.raises(ValueError, match=message) as caught:
        from_records(data, agents, FAMILY)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("data", [None, [], "x", 3])
def test_a_checkpoint_that_is_not_an_object_is_an_error(data: Any) -> None:
    with pytest.raises(ValueError, match="checkpoint must be a JSON object"):
        from_records(data, {}, FAMILY)


def test_missing_and_non_finite_agents_are_errors(population: Population) -> None:
    data, agents = to_records(population, FAMILY)
    name = f"niche-{population.active[0].id}"
    with pytest.raises(ValueError, match=f"must be '{name}' and among the agents"):
        from_records(
            data, {other: agent for other, agent in agents.items() if other != name}, FAMILY
        )
    broken = {**agents[name], "velocity": torch.tensor([0.0, float("nan")])}
    with pytest.raises(ValueError, match=f"agent {name} must be finite"):
        from_records(data, {**agents, name: broken}, FAMILY)
