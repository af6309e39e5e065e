"""The conformance suite passes what obeys, and names each law that is broken."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from conformance import check_family, check_learner
from fakes import FakeFamily, FakeLearner, Point, Walk

from poet.streams import Key


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_the_fakes_obey(noise: float) -> None:
    family = FakeFamily(noise)
    check_family(family)
    check_learner(FakeLearner(family), family)


class HiddenChance(FakeFamily):
    def mutate(self, task: Point, rng: np.random.Generator) -> Point:
        return Point(task.x + float(np.random.default_rng().uniform()), task.y)


class Forgetful(FakeFamily):
    def decode(self, data: object) -> Point:
        point = super().decode(data)  # type: ignore[arg-type]  # as loose as a plug-in may be
        return Point(point.x, point.y)


class Credulous(FakeFamily):
    def decode(self, data: dict) -> Point:  # type: ignore[override]  # as loose as a plug-in may be
        return Point(data.get("x", 0.0), data.get("y", 0.0), data.get("seed", 0))


class Unbounded(FakeFamily):
    def describe(self, task: Point) -> np.ndarray:
        return np.array([task.x, np.inf])


class FalselyDeterministic(FakeFamily):
    def __init__(self) -> None:
        super().__init__(noise=0.2)
        object.__setattr__(self.spec, "deterministic", True)


class BatchSeeded(FakeFamily):
    def simulator(self, tasks: list, seeds: list, device: str) -> Walk:  # type: ignore[override]  # the fault at hand
        return super().simulator(tasks, [seeds[0] + i for i in range(len(seeds))], device)


class EndlessWalk(Walk):
    def step(self, actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        observation, reward, terminated, truncated = super().step(actions)
        return observation, reward, terminated, torch.zeros_like(truncated)


class MiscountedWalk(Walk):
    def step(self, actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        answer = super().step(actions)
        self.steps += 1  # B20
        return answer


def with_walk(walk: type[Walk]) -> Callable[[], FakeFamily]:
    def make() -> FakeFamily:
        family = FakeFamily()
        family.simulator = lambda tasks, seeds, device: walk(  # type: ignore[method-assign]  # the fault at hand
            family, np.array([(task.x, task.y) for task in tasks])
        )
        return family

    return make


@pytest.mark.parametrize(
    ("make", "law"),
    [
        (HiddenChance, "mutate must draw from the generator"),
        (Forgetful, "decode(encode(task)) must equal the task"),
        (Credulous, "decode must refuse"),
        (Unbounded, "describe must give finite numbers"),
        (FalselyDeterministic, "spec.deterministic says"),
        (lambda: BatchSeeded(0.2), "batch must equal one by one"),
        (with_walk(EndlessWalk), "every row must have ended"),
        (with_walk(MiscountedWalk), "steps must count rows that run"),
    ],
)
def test_a_family_that_breaks_a_law_is_told_which(make: Callable[[], FakeFamily], law: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(law)):
        check_family(make())


class SharedDraws(FakeLearner):
    def improve(self, agents, tasks, keys):  # type: ignore[no-untyped-def]  # as loose as a plug-in may be
        return super().improve(agents, tasks, [keys[0].child(i) for i in range(len(keys))])


class InPlace(FakeLearner):
    def improve(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        improved, steps = super().improve(agents, tasks, keys)
        for agent in agents:
            agent["velocity"] += 0.1
        return improved, steps


class Amnesiac(FakeLearner):
    def adopt(self, agent):  # type: ignore[no-untyped-def]
        return {"velocity": torch.zeros(2, dtype=torch.float64), "steps": torch.zeros(1)}


class Growing(FakeLearner):
    def improve(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        improved, steps = super().improve(agents, tasks, keys)
        return [{**agent, "seen": torch.zeros(1)} for agent in improved], steps


class NotANumber(FakeLearner):
    def evaluate(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        scores, solved, steps = super().evaluate(agents, tasks, keys)
        return scores * np.nan, solved, steps


class Constant(FakeLearner):
    def init(self, key: Key):  # type: ignore[no-untyped-def]
        return super().init(Key(0))


@pytest.mark.parametrize(
    ("make", "law"),
    [
        (SharedDraws, "improve: batch must equal one by one"),
        (InPlace, "improve must leave the agents"),
        (Growing, "improve must give tensors of the names, shapes and dtypes of init"),
        (Amnesiac, "adopt must keep what the agent does"),
        (NotANumber, "scores must be finite"),
        (Constant, "init must give different agents"),
    ],
)
def test_a_learner_that_breaks_a_law_is_told_which(make: type[FakeLearner], law: str) -> None:
    family = FakeFamily()
    with pytest.raises(AssertionError, match=re.escape(law)):
        check_learner(make(family), family)
