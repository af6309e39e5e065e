"""The conformance suite names each missing or wrong attribute and method of poet/interfaces.py."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fakes import FakeFamily, FakeLearner, Point

from openpoet.cli.conformance import check_family, check_learner

SPEC = {  # name: invalid values
    "observation_size": [-1, 2.0, True, None],
    "action_size": [0, 2.0, None],
    "horizon": [0, 8.0, np.inf],
    "episodes": [0, None],
    "solved_score": [np.nan, np.inf, None, "230"],
    "deterministic": [None, 1],
    "discrete": [None, 0],
    "labels": [-1, 0.5, 3],  # 3: an observation has two numbers
    "reproduce_at": [np.nan, "200"],
    "mc_low": [-np.inf, True],
    "mc_high": [np.inf],
}


def with_spec(change: Callable[[dict[str, Any]], Any]) -> FakeFamily:
    family = FakeFamily()
    values = dict(vars(family.spec))
    change(values)
    family.spec = SimpleNamespace(**values)  # type: ignore[assignment]  # as a plug-in may have it
    return family


OPTIONAL = ("discrete", "labels", "reproduce_at", "mc_low", "mc_high")


@pytest.mark.parametrize("name", [name for name in SPEC if name not in OPTIONAL])
def test_an_attribute_of_the_spec_that_is_missing_is_named(name: str) -> None:
    with pytest.raises(AssertionError, match=f"spec must have an attribute `{name}`"):
        check_family(with_spec(lambda values: values.pop(name)))


def test_optional_attributes_of_the_spec_can_be_missing() -> None:
    check_family(with_spec(lambda values: [values.pop(name) for name in OPTIONAL]))


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in SPEC.items() for value in values]
)
def test_an_attribute_of_the_spec_that_is_wrong_is_named(name: str, value: Any) -> None:
    with pytest.raises(AssertionError, match=rf"spec\.{name} "):
        check_family(with_spec(lambda values: values.update({name: value})))


def test_a_family_without_a_spec_is_reported() -> None:
    family = FakeFamily()
    del family.spec
    with pytest.raises(AssertionError, match="a family must have an attribute `spec`"):
        check_family(family)


def without(cls: type, name: str) -> type:
    """The class without this method."""
    return type(f"Without_{name}", (cls,), {name: None})


@pytest.mark.parametrize(
    "name", ["origin", "mutate", "describe", "encode", "decode", "simulator", "outline"]
)
@pytest.mark.parametrize("tasks", [1, 4])
def test_a_missing_method_of_a_family_is_named(name: str, tasks: int) -> None:
    with pytest.raises(AssertionError, match=f"a family must have a method `{name}`"):
        check_family(without(FakeFamily, name)(), tasks=tasks)


@pytest.mark.parametrize("name", ["init", "improve", "evaluate", "adopt"])
def test_a_missing_method_of_a_learner_is_named(name: str) -> None:
    family = FakeFamily()
    with pytest.raises(AssertionError, match=f"a learner must have a method `{name}`"):
        check_learner(without(FakeLearner, name)(family), family)


class Sampling(FakeFamily):
    def sample(self, rng: np.random.Generator) -> Point:
        return Point(round(float(rng.uniform()), 3), 0.0)


class SamplesOwnRandomness(FakeFamily):
    def sample(self, rng: np.random.Generator) -> Point:
        return Point(float(np.random.default_rng().uniform()), 0.0)


class SamplesOne(FakeFamily):
    def sample(self, rng: np.random.Generator) -> Point:
        return Point()


class SamplesInvalidTasks(Sampling):
    def decode(self, data: Any) -> Point:
        point = super().decode(data)
        return Point(round(point.x, 1), point.y, point.seed)


def test_sample_returns_tasks_of_the_family_drawn_from_the_generator() -> None:
    check_family(Sampling())
    for family, law in (
        (SamplesOwnRandomness(), "sample must draw only from the generator"),
        (SamplesOne(), "sample must be random"),
        (SamplesInvalidTasks(), "sample must return a task of the family"),
    ):
        with pytest.raises(AssertionError, match=law):
            check_family(family)
