"""A family whose tasks are numbers, and a student whose outcomes follow from the level alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch

from openpoet.poet.checkpoint import from_records, to_records
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.niche import Population
from openpoet.poet.streams import Key


class Spec(NamedTuple):
    solved_score: float = -10.0
    episodes: int = 1


class Numbers:
    """A task is a number: origin 0, samples in [0, 10], neighbours 1 further."""

    spec = Spec()

    def origin(self) -> float:
        return 0.0

    def sample(self, rng: np.random.Generator, ranges: Any = None) -> float:
        return float(rng.uniform(*(ranges or self.ranges())["number"]))

    def ranges(self) -> dict[str, tuple[float, float]]:
        return {"number": (0.0, 10.0)}

    def mutate(self, task: float, rng: np.random.Generator) -> float:
        return task + 1

    def encode(self, task: float) -> dict[str, float]:
        return {"task": task}

    def decode(self, data: Any) -> float:
        return float(data["task"])


class Episodes(NamedTuple):
    levels: np.ndarray
    returns: np.ndarray
    success: np.ndarray
    positive_value_losses: np.ndarray
    value_losses: np.ndarray


@dataclass
class Student:
    """Each row has two episodes; a level's regret is its number, its return the negative one, and
    it succeeds below 4, from 4 to 6 in its first episode only. All returns are at least
    Spec.solved_score. The agent counts its updates.

    calls: (method, levels in the order in which they were taken).
    """

    rows: int = 3
    calls: list[tuple[str, list[float]]] = field(default_factory=list)

    def init(self, key: Key) -> dict[str, torch.Tensor]:
        return {"updates": torch.zeros(())}

    def adopt(self, agent: Any) -> Any:
        return agent

    def evaluate(self, agents: Any, tasks: Any, keys: Any) -> tuple[np.ndarray, ...]:
        n = len(agents)
        return np.array([float(a["updates"]) for a in agents]), np.zeros(n, bool), np.ones(n, int)

    def train_on(
        self, agent: Any, levels: Sequence[float], further: Iterator[float] | None, key: Key
    ) -> tuple[Any, Episodes, int]:
        episodes = self._episodes("train_on", levels, further)
        return {"updates": agent["updates"] + 1}, episodes, len(episodes.levels)

    def try_on(
        self, agent: Any, levels: Sequence[float], further: Iterator[float] | None, key: Key
    ) -> tuple[Any, Episodes, int]:
        episodes = self._episodes("try_on", levels, further)
        return agent, episodes, len(episodes.levels)

    def _episodes(
        self, method: str, levels: Sequence[float], further: Iterator[float] | None
    ) -> Episodes:
        taken, places = list(levels), []
        for row in range(len(levels)):
            places.append(row)
            if further is not None:
                taken.append(next(further))
                places.append(len(taken) - 1)
            else:
                places.append(row)
        self.calls.append((method, taken))
        tasks = np.array([taken[place] for place in places])
        first = np.arange(len(tasks)) % 2 == 0
        success = (tasks < 4) | ((tasks < 6) & first)
        return Episodes(np.array(places), -tasks, success, tasks, tasks / 100)


@dataclass
class Goalless(Student):
    """Its levels have no goal: every episode is a success, and its return is `good` where one of
    Student's succeeds, otherwise `bad`.
    """

    good: float = Spec().solved_score
    bad: float = Spec().solved_score - 1

    def _episodes(
        self, method: str, levels: Sequence[float], further: Iterator[float] | None
    ) -> Episodes:
        episodes = super()._episodes(method, levels, further)
        returns = np.where(episodes.success, self.good, self.bad)
        return episodes._replace(returns=returns, success=np.ones_like(episodes.success))


NUMBERS: Any = Numbers()  # not all of a task family


def setup_of(student: Student, seed: int = 0) -> Setup:
    return Setup(NUMBERS, student, PoetConfig(seed=seed))


def restored(population: Population) -> Population:
    """The population after its records were written and read."""
    return from_records(*to_records(population, NUMBERS), NUMBERS)
