"""The conformance suite accepts valid families and learners, and reports each violated law."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from fakes import FakeFamily, FakeLearner, Point, Walk

from openpoet.cli.conformance import check_family, check_learner


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_the_fakes_conform(noise: float) -> None:
    family = FakeFamily(noise)
    check_family(family)
    check_learner(FakeLearner(family), family)


class OwnRandomness(FakeFamily):
    def mutate(self, task: Point, rng: np.random.Generator) -> Point:
        return Point(task.x + float(np.random.default_rng().uniform()), task.y)


class DropsSeed(FakeFamily):
    def decode(self, data: object) -> Point:
        point = super().decode(data)  # type: ignore[arg-type]  # untyped, as in a plug-in
        return Point(point.x, point.y)


class AcceptsAnything(FakeFamily):
    def decode(self, data: dict) -> Point:  # type: ignore[override]  # untyped, as in a plug-in
        return Point(data.get("x", 0.0), data.get("y", 0.0), data.get("seed", 0))


class Unbounded(FakeFamily):
    def describe(self, task: Point) -> np.ndarray:
        return np.array([task.x, np.inf])


class Inconsistent(FakeFamily):
    """One method, given by name, returns another result at each call."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self.method, self.calls = method, 0

    def _next(self, method: str) -> float:
        self.calls += self.method == method
        return 0.1 * self.calls if self.method == method else 0.0

    def origin(self) -> Point:
        return Point(0.3 + self._next("origin"))

    def describe(self, task: Point) -> np.ndarray:
        return np.array([task.x + self._next("describe"), task.y])


class Longer(FakeFamily):
    def describe(self, task: Point) -> np.ndarray:
        return np.zeros(1 + (task != Point()))


class SameChildren(FakeFamily):
    def mutate(self, task: Point, rng: np.random.Generator) -> Point:
        return Point(task.x + 0.1, task.y)


class MutatesInPlace(FakeFamily):
    def mutate(self, task: Point, rng: np.random.Generator) -> Point:
        object.__setattr__(task, "y", task.y + 0.1)
        return super().mutate(task, rng)


class EncodesState(FakeFamily):
    """The encoding depends on whether the task has been decoded, which equality ignores."""

    def encode(self, task: Point) -> dict:
        return {**super().encode(task), "read": getattr(task, "read", False)}

    def decode(self, data: dict) -> Point:  # type: ignore[override]  # untyped, as in a plug-in
        point = super().decode({name: value for name, value in data.items() if name != "read"})
        object.__setattr__(point, "read", True)
        return point


class Unversioned(FakeFamily):
    def encode(self, task: Point) -> dict:
        return {"x": task.x, "y": task.y, "seed": task.seed}

    def decode(self, data: dict) -> Point:  # type: ignore[override]  # untyped, as in a plug-in
        return super().decode({"schema": 1, **data})


class NoJson(FakeFamily):
    def encode(self, task: Point) -> dict:
        return {"schema": 1, "x": np.float32(task.x)}


class NoObject(FakeFamily):
    def encode(self, task: Point) -> list:  # type: ignore[override]
        return ["schema", 1, task.x]


class TwoLineError(FakeFamily):
    def decode(self, data: dict) -> Point:  # type: ignore[override]  # untyped, as in a plug-in
        try:
            return super().decode(data)
        except ValueError as error:
            raise ValueError(f"not a point:\n{error}") from None


class NoGround(FakeFamily):
    def outline(self, task: Point, state: object = None) -> dict:
        layers = super().outline(task, state)
        return {name: lines for name, lines in layers.items() if name != "ground"}


class WrongLines(FakeFamily):
    def outline(self, task: Point, state: object = None) -> dict:
        return {**super().outline(task, state), "ground": [np.zeros(3)]}


class NoBody(FakeFamily):
    def outline(self, task: Point, state: object = None) -> dict:
        return dict(super().outline(task))


class NoHash(FakeFamily):
    def fingerprint(self, task: Point) -> list:  # type: ignore[override]
        return [task.x, task.y]


class HashOfObject(FakeFamily):
    def fingerprint(self, task: Point) -> int:  # type: ignore[override]
        return id(task)


class ChangesTasks(FakeFamily):
    """Its simulators change their tasks in place."""

    def simulator(self, tasks: list, seeds: list, device: str) -> Walk:  # type: ignore[override]
        made = super().simulator(tasks, seeds, device)
        for task in tasks:
            object.__setattr__(task, "seed", task.seed + 1)
        return made


class FalselyDeterministic(FakeFamily):
    def __init__(self) -> None:
        super().__init__(noise=0.2)
        object.__setattr__(self.spec, "deterministic", True)


class FalselyOneHot(FakeFamily):
    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self.spec, "one_hot", True)


class BatchSeeded(FakeFamily):
    def simulator(self, tasks: list, seeds: list, device: str) -> Walk:  # type: ignore[override]
        return super().simulator(tasks, [seeds[0] + i for i in range(len(seeds))], device)


class EndlessWalk(Walk):
    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        observation, reward, terminated, truncated = super().step(actions)
        return observation, reward, terminated, torch.zeros_like(truncated)


class RewardsAfterEnd(Walk):
    """Rows that have ended still have rewards."""

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        observation, reward, terminated, truncated = super().step(actions)
        return observation, reward + (terminated | truncated), terminated, truncated


class CountsReset(Walk):
    def reset(self) -> torch.Tensor:
        self.steps += 1
        return super().reset()


class OtherReset(Walk):
    def reset(self) -> torch.Tensor:
        self.points = self.points + 0.1
        return super().reset()


class WideReset(Walk):
    def reset(self) -> torch.Tensor:
        return super().reset().double()


class MiscountedWalk(Walk):
    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        result = super().step(actions)
        self.steps += 1  # B20
        return result


def with_walk(walk: type[Walk]) -> Callable[[], FakeFamily]:
    def make() -> FakeFamily:
        family = FakeFamily()
        family.simulator = lambda tasks, seeds, device: walk(  # type: ignore[method-assign]
            family, np.array([(task.x, task.y) for task in tasks])
        )
        return family

    return make


@pytest.mark.parametrize(
    ("make", "law"),
    [
        (OwnRandomness, "mutate must draw only from the generator"),
        (DropsSeed, "decode(encode(task)) must equal the task"),
        (AcceptsAnything, "decode must raise a ValueError for"),
        (Unbounded, "describe must return finite numbers"),
        (lambda: Inconsistent("origin"), "origin() must be the same task each time"),
        (lambda: Inconsistent("describe"), "describe must be the same each time"),
        (Longer, "describe must have one length for all tasks"),
        (SameChildren, "mutate must be random"),
        (MutatesInPlace, "mutate must not change its argument"),
        (EncodesState, "equal tasks must have equal encodings"),
        (Unversioned, "encode must state its schema version"),
        (NoJson, "encode must return JSON"),
        (NoObject, "encode must return a JSON object"),
        (TwoLineError, "an error must be one line"),
        (NoGround, "outline must have a layer 'ground'"),
        (WrongLines, "outline lines must be finite [points, 2]"),
        (NoBody, "outline with a state must have a 'body'"),
        (NoHash, "fingerprint must return a hashable value"),
        (HashOfObject, "equal tasks must have equal fingerprints"),
        (ChangesTasks, "a simulator must not change its tasks"),
        (with_walk(RewardsAfterEnd), "a row that has ended must have reward 0"),
        (with_walk(CountsReset), "reset must count no steps"),
        (with_walk(OtherReset), "reset must start the same episodes again"),
        (with_walk(WideReset), "reset must return observations [n, o] of float32"),
        (FalselyDeterministic, "spec.deterministic is True, but"),
        (FalselyOneHot, "spec.one_hot is True, but observations are not one-hot"),
        (lambda: BatchSeeded(0.2), "batch must equal one by one"),
        (with_walk(EndlessWalk), "every row must have ended"),
        (with_walk(MiscountedWalk), "steps must count rows that run"),
    ],
)
def test_a_violated_law_of_families_is_reported(make: Callable[[], FakeFamily], law: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(law)):
        check_family(make())
