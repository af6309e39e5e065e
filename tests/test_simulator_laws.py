"""The conformance suite reports each law that a simulator violates, and accepts valid simulators
with and
without optional methods."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from fakes import FakeFamily, Point, Walk

from openpoet.cli.conformance import check_family


class Simulated(FakeFamily):
    """Simulators are instances of the given class, constructed from the family and the points."""

    def __init__(self, walk: type[Walk], **spec: Any) -> None:
        super().__init__()
        self.walk, self.spec = walk, SimpleNamespace(**{**vars(self.spec), **spec})  # type: ignore[assignment]

    def simulator(self, tasks: Sequence[Point], seeds: Sequence[int], device: str) -> Walk:
        return self.walk(self, np.array([(task.x, task.y) for task in tasks], np.float64))


@pytest.mark.parametrize("name", ["step", "state"])
def test_a_missing_method_of_a_simulator_is_named(name: str) -> None:
    with pytest.raises(AssertionError, match=f"a simulator must have a method `{name}`"):
        check_family(Simulated(type("Lacking", (Walk,), {name: None})))


class NoSuccess(Walk):
    def reset(self) -> torch.Tensor:
        observation = super().reset()
        del self.success
        return observation


class FloatSteps(Walk):
    def reset(self) -> torch.Tensor:
        self.steps = 0.0  # type: ignore[assignment]  # the fault at hand
        return super().reset()


class Restarting(Walk):
    """Episodes can restart; every row has its own time."""

    def reset(self) -> torch.Tensor:
        self.ages = torch.zeros(len(self.points), dtype=torch.int64)
        return super().reset()

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        self.ages += ~(self.terminated | self.truncated)
        self.time = -1  # time is counted for all rows in the base class
        observation, reward, terminated, _ = super().step(actions)
        self.truncated |= ~terminated & (self.ages >= self.family.spec.horizon)
        return observation, reward, terminated, self.truncated.clone()

    def restart(self, rows: torch.Tensor, count: int = 1) -> torch.Tensor:
        self.place[rows], self.distance[rows], self.ages[rows] = 0.0, 0.3, 0
        for flags in (self.terminated, self.truncated, self.success):
            flags[rows] = False
        return self.observation()


class RestartsAll(Restarting):
    def restart(self, rows: torch.Tensor, count: int = 1) -> torch.Tensor:
        return super().restart(torch.ones_like(rows))


class RestartsNone(Restarting):
    def restart(self, rows: torch.Tensor, count: int = 1) -> torch.Tensor:
        return self.observation()


class Redrawn(Restarting):
    """A realisation moves the row's target."""

    def __init__(self, family: Any, points: np.ndarray, seeds: Sequence[int] = ()) -> None:
        super().__init__(family, points)
        self.centres = self.points.clone()
        for row, seed in enumerate(seeds):
            self.move(row, seed)

    def move(self, row: int, seed: int) -> None:
        shift = np.random.default_rng(seed).normal(size=2) / 10
        self.points[row] = self.centres[row] + torch.from_numpy(shift)

    def redraw(self, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        for row, seed in zip(torch.nonzero(rows)[:, 0].tolist(), seeds, strict=True):
            self.move(row, seed)
        return self.restart(rows)


class RedrawsNothing(Redrawn):
    def redraw(self, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        return self.restart(rows)


class RedrawsAll(Redrawn):
    def redraw(self, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        super().redraw(rows, seeds)
        return self.restart(torch.ones_like(rows))


class RedrawsInAnyOrder(Redrawn):
    def redraw(self, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        return super().redraw(rows, seeds[::-1])


class ForgetsRedraw(Redrawn):
    def reset(self) -> torch.Tensor:
        self.points = getattr(self, "begun", self.points)
        self.begun = self.points.clone()
        return super().reset()


class Assigned(Redrawn):
    """Rows take other targets too."""

    def assign(
        self, rows: torch.Tensor, tasks: Sequence[Point], seeds: Sequence[int]
    ) -> torch.Tensor:
        for row, task in zip(torch.nonzero(rows)[:, 0].tolist(), tasks, strict=True):
            self.centres[row] = torch.tensor([task.x, task.y], dtype=torch.float64)
        return self.redraw(rows, seeds)


class AssignsNothing(Assigned):
    def assign(
        self, rows: torch.Tensor, tasks: Sequence[Point], seeds: Sequence[int]
    ) -> torch.Tensor:
        return self.redraw(rows, seeds)


class Played(Restarting):
    """Whole episodes under a compiled policy, row by row; and under one of torch."""

    factor = 1.0

    def play(self, act: Any, weights: Any, member: Any, layout: Any, memory: Any) -> Any:
        def acts(observations: torch.Tensor, live: torch.Tensor) -> torch.Tensor:
            rows = np.flatnonzero(live)
            act(weights, member, rows, np.ascontiguousarray(observations), layout, memory, actions)
            return torch.from_numpy(actions.copy())

        actions = np.zeros((len(member), 2), np.float32)
        return self._played(acts)

    def play_captured(self, act: Any, memory: torch.Tensor) -> Any:
        return self._played(lambda observations, live: act(observations, memory))

    def _played(self, acts: Any) -> tuple[np.ndarray, np.ndarray]:
        observations, returns, live = (
            self.reset(),
            np.zeros(len(self.points)),
            np.ones(len(self.points), bool),
        )
        while live.any():
            observations, reward, terminated, truncated = self.step(
                acts(observations, torch.from_numpy(live))
            )
            returns += self.factor * reward.numpy()
            live &= ~(terminated | truncated).numpy()
        return returns, self.ages.numpy().copy()


class PlayedElsewhere(Played):
    factor = 1.0 + 1e-12


class CapturedElsewhere(PlayedElsewhere):
    play = None  # type: ignore[assignment]

    def __getattribute__(self, name: str) -> Any:
        if name == "play":
            raise AttributeError(name)
        return super().__getattribute__(name)


class Shared(Walk):
    """The state is a view of an array that changes."""

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        before = self.place
        result = super().step(actions)
        self.place = before.copy_(self.place)
        return result

    def state(self, row: int) -> np.ndarray:
        return self.place[row].numpy()


def changed_step(place: int, change: Callable[[torch.Tensor], torch.Tensor]) -> type[Walk]:
    """A Walk whose step changes one of the four returned tensors."""

    class Changed(Walk):
        def step(
            self, actions: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
            result = list(super().step(actions))
            result[place] = change(result[place])
            return tuple(result)  # type: ignore[return-value]  # four

    return Changed


class Drawing(Simulated):
    """Simulators also get the seeds."""

    def simulator(self, tasks: Sequence[Point], seeds: Sequence[int], device: str) -> Walk:
        points = np.array([(task.x, task.y) for task in tasks], np.float64)
        return self.walk(self, points, seeds)  # type: ignore[call-arg]  # Redrawn has seeds


def test_a_simulator_that_redraws_conforms() -> None:
    check_family(Drawing(Redrawn, deterministic=False))


@pytest.mark.parametrize(
    ("walk", "law"),
    [
        (RedrawsNothing, "redraw must start the episodes of a new simulator in its rows"),
        (RedrawsInAnyOrder, "redraw must start the episodes of a new simulator in its rows"),
        (RedrawsAll, "redraw must not change other rows"),
        (ForgetsRedraw, "after a reset a row must be as redraw has set it"),
    ],
)
def test_a_violated_law_of_redraw_is_reported(walk: type[Walk], law: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(law)):
        check_family(Drawing(walk, deterministic=False))


def test_a_simulator_that_assigns_tasks_conforms() -> None:
    check_family(Drawing(Assigned, deterministic=False))


def test_a_violated_law_of_assign_is_reported() -> None:
    law = "assign must start the episodes of a new simulator in its rows"
    with pytest.raises(AssertionError, match=law):
        check_family(Drawing(AssignsNothing, deterministic=False))


@pytest.mark.parametrize("walk", [Walk, Restarting, Played])
def test_simulators_with_and_without_optional_methods_conform(walk: type[Walk]) -> None:
    check_family(Simulated(walk))


@pytest.mark.parametrize(
    ("walk", "law"),
    [
        (NoSuccess, "a simulator must have an attribute `success`"),
        (FloatSteps, "steps must be a whole number"),
        (
            changed_step(0, lambda part: part.double()),
            "step must return observations [n, o] of float32",
        ),
        (
            changed_step(0, lambda part: part[:, :1]),
            "step must return observations [n, o] of float32",
        ),
        (
            changed_step(1, lambda part: part.float()),
            "rewards must be a tensor [4] of torch.float64",
        ),
        (
            changed_step(1, lambda part: part[:, None]),
            "rewards must be a tensor [4] of torch.float64",
        ),
        (changed_step(2, lambda part: part.int()), "terminated must be a tensor [4] of torch.bool"),
        (
            changed_step(3, lambda part: part.numpy()),
            "truncated must be a tensor [4] of torch.bool",
        ),  # type: ignore[arg-type,return-value]
        (RestartsAll, "restart must not change other rows"),
        (RestartsNone, "after restart of one row a step must count one"),
        (PlayedElsewhere, "play must return the results of reset() and step()"),
        (CapturedElsewhere, "play_captured must return the results of reset() and step()"),
        (Shared, "a state must be a copy"),
    ],
)
def test_a_violated_law_of_simulators_is_reported(walk: type[Walk], law: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(law)):
        check_family(Simulated(walk))


def test_a_trial_of_several_episodes_needs_restart() -> None:
    with pytest.raises(AssertionError, match=r"a trial of 2 episodes needs simulator\.restart"):
        check_family(Simulated(Walk, episodes=2))
    check_family(Simulated(Restarting, episodes=2))


def test_discrete_actions_depend_only_on_the_largest_output() -> None:
    class OneHot(Walk):
        def step(
            self, actions: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
            return super().step(torch.eye(2)[actions.argmax(1)])

    check_family(Simulated(OneHot, discrete=True))
    with pytest.raises(AssertionError, match=r"spec\.discrete is True, but results depend on more"):
        check_family(Simulated(Walk, discrete=True))
