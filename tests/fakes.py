"""A family and a learner that implement the protocols: fast (thousands of iterations per minute),
with scores that can be computed by hand.

A task is a target point in the plane; an agent is a velocity. In an episode of 8 steps it moves
from (0, 0) to 8 * 0.25 * velocity; the return is 300 - 1000 * (the final distance to the target).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from openpoet.poet.interfaces import Agent, Learner, Spec, TaskFamily
from openpoet.poet.streams import Key

STEP = 0.25  # [m] per step at velocity 1
NEAR = 0.05  # [m]; a target within this distance is reached


@dataclass(frozen=True)
class Point:
    x: float = 0.3
    y: float = 0.0
    seed: int = 0  # part of the task's identity, not of its fingerprint


class Walk:
    """A simulator of n episodes."""

    def __init__(self, family: FakeFamily, points: np.ndarray) -> None:
        self.family, self.steps = family, 0
        self.points = torch.as_tensor(points)  # [n, 2] float64
        self.success = torch.zeros(len(points), dtype=torch.bool)

    def reset(self) -> torch.Tensor:
        n = len(self.points)
        self.place = torch.zeros(n, 2, dtype=torch.float64)
        # so that the rewards add up to the return above
        self.distance = torch.full((n,), 0.3, dtype=torch.float64)
        self.terminated, self.truncated = (
            torch.zeros(n, dtype=torch.bool),
            torch.zeros(n, dtype=torch.bool),
        )
        self.success, self.time = self.terminated.clone(), 0
        return self.observation()

    def observation(self) -> torch.Tensor:
        return (self.points - self.place).float()

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        going = ~(self.terminated | self.truncated)
        self.steps += int(going.sum())
        self.family.steps += int(going.sum())
        self.time += 1
        move = STEP * actions.double().clamp(-1, 1)
        self.place = torch.where(going[:, None], self.place + move, self.place)
        distance = torch.where(going, (self.points - self.place).norm(dim=1), self.distance)
        reward, self.distance = 1000 * (self.distance - distance), distance
        self.success = self.success | (going & (distance < NEAR))
        self.terminated = self.success.clone()
        self.truncated = self.truncated | (
            going & ~self.terminated & (self.time == self.family.spec.horizon)
        )
        return self.observation(), reward, self.terminated.clone(), self.truncated.clone()

    def state(self, row: int) -> np.ndarray:
        return self.place[row].numpy().copy()


class FakeFamily:
    """noise: standard deviation of the target around the task's point [m]. If above 0, tasks are
    distributions.
    """

    def __init__(self, noise: float = 0.0) -> None:
        self.noise, self.steps = noise, 0  # steps of all simulators of this family
        self.spec = Spec(2, 2, horizon=8, episodes=1, solved_score=230.0, deterministic=noise == 0)

    def origin(self) -> Point:
        return Point()

    def mutate(self, task: Point, rng: np.random.Generator) -> Point:
        x, y = np.round(np.array([task.x, task.y]) + rng.choice([-0.1, 0.0, 0.1, 0.2], 2), 1)
        return replace(task, x=float(x) + 0.0, y=float(y) + 0.0, seed=int(rng.integers(1000)))

    def describe(self, task: Point) -> np.ndarray:
        return np.array([task.x, task.y])

    def fingerprint(self, task: Point) -> tuple[float, float]:
        return task.x, task.y

    def encode(self, task: Point) -> dict[str, Any]:
        return {"schema": 1, "x": task.x, "y": task.y, "seed": task.seed}

    def decode(self, data: Mapping[str, Any]) -> Point:
        if set(data) != {"schema", "x", "y", "seed"} or data["schema"] != 1:
            raise ValueError(f"not a point: {data!r}")
        return Point(data["x"], data["y"], data["seed"])

    def simulator(self, tasks: Sequence[Point], seeds: Sequence[int], device: str) -> Walk:
        points = np.array([(task.x, task.y) for task in tasks], np.float64).reshape(-1, 2)
        if self.noise:
            draws = [
                np.random.Generator(np.random.Philox(seed)).standard_normal(2) for seed in seeds
            ]
            points = points + self.noise * np.array(draws)
        return Walk(self, points)

    def outline(self, task: Point, state: Any = None) -> Mapping[str, list[np.ndarray]]:
        ground = {"ground": [np.array([[0.0, 0.0], [task.x, task.y]])]}
        return ground if state is None else {**ground, "body": [np.array([state, state])]}


class FakeLearner:
    """Moves the velocity along a random direction with the better sign; the step size decreases."""

    def __init__(self, family: FakeFamily) -> None:
        self.family = family

    def init(self, key: Key) -> Agent:
        return {
            "velocity": torch.as_tensor(key.generator().normal(0, 0.01, 2)),
            "steps": torch.zeros(1),
        }

    def improve(
        self, agents: Sequence[Agent], tasks: Sequence[Point], keys: Sequence[Key]
    ) -> tuple[list[Agent], np.ndarray]:
        angles = np.array(
            [key.child("direction").generator().uniform(0, 2 * np.pi) for key in keys]
        )
        rates = torch.cat([0.08 * 0.99 ** agent["steps"].double() for agent in agents])
        moves = rates[:, None] * torch.as_tensor(np.stack([np.cos(angles), np.sin(angles)], 1))
        here = torch.stack([agent["velocity"] for agent in agents])
        seeds = [key.child("episode").integer() for key in keys]
        scores, _, steps = self._episodes(
            torch.cat([here + moves, here - moves]), [*tasks, *tasks], seeds * 2
        )
        n = len(agents)
        there = here + torch.where(scores[:n] > scores[n:], 1.0, -1.0)[:, None] * moves
        done: list[Agent] = [
            {"velocity": row.clone(), "steps": a["steps"] + 1}
            for row, a in zip(there, agents, strict=True)
        ]
        return done, steps[:n] + steps[n:]

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Point], keys: Sequence[Key]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        velocities = torch.stack([agent["velocity"] for agent in agents])
        scores, success, steps = self._episodes(velocities, tasks, [key.integer() for key in keys])
        return (
            scores.numpy(),
            success.numpy() & (scores.numpy() >= self.family.spec.solved_score),
            steps,
        )

    def adopt(self, agent: Agent) -> Agent:
        return {"velocity": agent["velocity"], "steps": torch.zeros(1)}

    def _episodes(
        self, velocities: torch.Tensor, tasks: Sequence[Point], seeds: Sequence[int]
    ) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
        """Returns [n], success [n], steps [n] of one episode per row."""
        simulator = self.family.simulator(tasks, seeds, "cpu")
        simulator.reset()
        returns, steps = (
            torch.zeros(len(tasks), dtype=torch.float64),
            np.zeros(len(tasks), np.int64),
        )
        going = torch.ones(len(tasks), dtype=torch.bool)
        while going.any():
            steps += going.numpy()
            _, rewards, terminated, truncated = simulator.step(velocities.float())
            returns += rewards
            going = ~(terminated | truncated)
        return returns, simulator.success, steps


class TableLearner:
    """For cases by hand: an agent is a number, scores are a function of it and the task, and
    `improve` adds `gain`.
    """

    def __init__(self, score: Callable[[float, Point], float], gain: float = 0.5) -> None:
        self.score, self.gain = score, gain

    def init(self, key: Key) -> Agent:
        return numbered(0.0)

    def improve(
        self, agents: Sequence[Agent], tasks: Sequence[Point], keys: Sequence[Key]
    ) -> tuple[list[Agent], np.ndarray]:
        improved: list[Agent] = [
            {"number": a["number"] + self.gain, "steps": a["steps"] + 1} for a in agents
        ]
        return improved, np.full(len(agents), 10)

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Point], keys: Sequence[Key]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        pairs = zip(agents, tasks, strict=True)
        scores = np.array(
            [self.score(float(agent["number"]), task) for agent, task in pairs], np.float64
        )
        return scores, scores >= 230, np.ones(len(scores), np.int64)

    def adopt(self, agent: Agent) -> Agent:
        return {"number": agent["number"], "steps": torch.zeros(1)}


def numbered(number: float) -> Agent:
    """An agent of TableLearner that has been trained."""
    return {"number": torch.tensor(number, dtype=torch.float64), "steps": torch.ones(1)}


class CountedLearner:
    """Wraps a learner: counts steps by purpose and records every call as (method, keys)."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.ledger: Counter[str] = Counter()
        self.calls: list[tuple[str, tuple[Key, ...]]] = []

    def init(self, key: Key) -> Agent:
        return self.learner.init(key)

    def adopt(self, agent: Agent) -> Agent:
        return self.learner.adopt(agent)

    def improve(
        self, agents: Sequence[Agent], tasks: Sequence[Any], keys: Sequence[Key]
    ) -> tuple[list[Agent], np.ndarray]:
        improved, steps = self.learner.improve(agents, tasks, keys)
        self._count("improve", keys, steps)
        return improved, steps

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Any], keys: Sequence[Key]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        scores, solved, steps = self.learner.evaluate(agents, tasks, keys)
        self._count("evaluate", keys, steps)
        return scores, solved, steps

    def _count(self, method: str, keys: Sequence[Key], steps: np.ndarray) -> None:
        self.calls.append((method, tuple(keys)))
        for key, cost in zip(keys, steps, strict=True):
            self.ledger[key.purpose] += int(cost)


def _obey(
    family: FakeFamily, learner: FakeLearner, table: TableLearner
) -> tuple[TaskFamily, Learner, Learner]:
    return family, learner, table  # for mypy: the fakes match the protocols
