"""Learners and families must not change their arguments in place; an error names the method.

A change in place would affect the running process and not its archive: a resumed run would differ.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from fakes import FakeFamily, FakeLearner, Point

from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import evolve, start
from openpoet.poet.interfaces import Agent
from openpoet.poet.seeding import Seed, seed_population
from openpoet.poet.streams import Key
from openpoet.poet.unchanged import unchanged


def in_place(agent: Agent) -> None:
    agent["velocity"].add_(0.1)


def through_numpy(agent: Agent) -> None:
    agent["velocity"].numpy()[0] += 0.1  # not counted by torch's tensor version


def through_data(agent: Agent) -> None:
    agent["velocity"].data += 0.1  # nor is this


def sign_of_zero(agent: Agent) -> None:
    agent["steps"].numpy()[
        :
    ] *= -1.0  # equal values with different bytes: the archive's hash differs


def another_tensor(agent: Agent) -> None:
    agent["velocity"] = agent["velocity"] + 0.1  # type: ignore[index]


def one_more_tensor(agent: Agent) -> None:
    agent["velocity2"] = agent["velocity"]  # type: ignore[index]


def another_dtype(agent: Agent) -> None:
    agent["steps"] = agent["steps"].view(torch.int32)  # type: ignore[index]


WAYS = [in_place, through_numpy, through_data, another_tensor, one_more_tensor, another_dtype]


@pytest.mark.parametrize("way", [*WAYS, sign_of_zero])
def test_every_change_of_an_agent_is_detected(way: Callable[[Agent], None]) -> None:
    agent = FakeLearner(FakeFamily()).init(Key(0))
    message = r"^learner.improve changed an agent in place \(its tensor '\w+'\): [^\n]*clone"
    with pytest.raises(ValueError, match=message), unchanged([agent], "learner.improve"):
        way(agent)


def test_unchanged_agents_pass_for_all_dtypes_and_values() -> None:
    agent = {
        "nothing": torch.zeros(0),
        "scalar": torch.tensor(1.5),
        "nan": torch.tensor([float("nan")]),
        "flags": torch.tensor([True, False]),
        "half": torch.zeros(3, dtype=torch.bfloat16),
        "transposed": torch.arange(6).reshape(2, 3).T,
    }
    with unchanged([agent, agent], "learner.evaluate"):
        pass


def changing(method: str, way: Callable[[Agent], None]) -> type[FakeLearner]:
    """A learner whose method changes its arguments before it returns."""

    class Learner(FakeLearner):
        def explore(self, agent: Agent, key: Key) -> Agent:
            return dict(agent)

    real: Any = getattr(Learner, method)

    def changed(self: FakeLearner, agents: Any, *more: Any) -> Any:
        result = real(self, agents, *more)
        way(agents[0] if isinstance(agents, list) else agents)
        return result

    setattr(Learner, method, changed)
    return Learner


@pytest.mark.parametrize("method", ["improve", "evaluate", "adopt", "explore"])
@pytest.mark.parametrize("way", WAYS)
def test_a_learner_that_changes_its_arguments_raises_value_error(
    method: str, way: Callable[[Agent], None]
) -> None:
    family = FakeFamily()
    config = PoetConfig(niches=2, pbt_every=2, transfer_every=1)
    setup = Setup(family, changing(method, way)(family), config)
    with pytest.raises(ValueError, match=rf"^learner.{method} changed an agent in place"):
        list(islice(evolve(start(setup), setup), 3))


def test_adopt_must_not_change_an_agent_of_another_run() -> None:
    family = FakeFamily()
    setup = Setup(family, changing("adopt", through_numpy)(family), PoetConfig())
    agent = FakeLearner(family).init(Key(0))
    with pytest.raises(ValueError, match=r"learner.adopt changed an agent in place"):
        seed_population(setup, [Seed(None, agent, "a#1")])


class MutatesInPlace(FakeFamily):
    """`mutate` changes the parent's task in place."""

    def mutate(self, task: Point, rng: np.random.Generator) -> Point:
        object.__setattr__(task, "x", task.x + 0.1)
        return super().mutate(task, rng)


def test_a_family_that_changes_the_parents_task_raises_value_error() -> None:
    family = MutatesInPlace()
    config = PoetConfig(mutate_every=1, reproduce_at=-1e6, mc_low=-1e6, mc_high=1e6)
    setup = Setup(family, FakeLearner(family), config)
    with pytest.raises(
        ValueError,
        match=r"^family.mutate changed the task of niche 0 in place: .* "
        r"new task[^\n]*$",
    ):
        list(islice(evolve(start(setup), setup), 2))
