"""A learner whose pairs of agent and task are divided among Ray workers.

Pairs are independent and each has its own random key, so the results are those of one process, bit
for bit. A worker builds the same learner from its settings, once. Learners whose episodes are
divided instead (`RayRollouts.rollout`) do not need this. Importing this module imports Ray.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import ray

from .child_process import Build, Counted
from .distributed import RayRollouts

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Learner, Task
    from openpoet.poet.streams import Key


class RayPairs:
    """Learner (poet.interfaces): `learner` with each pair of its two batched calls in a Ray task.

    family: what counts the learner's steps here. build: called once in each worker; it must be
    picklable. workers: in which the tasks run.
    """

    def __init__(
        self, learner: Learner, family: Counted, build: Build, workers: RayRollouts
    ) -> None:
        self.learner, self.family, self.build, self.workers = learner, family, build, workers

    def improve(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[list[Agent], np.ndarray]:
        """As the learner's."""
        parts = self._each("improve", agents, tasks, keys)
        improved = [agent for part, _ in parts for agent in part]
        return improved, np.concatenate([steps for _, steps in parts])

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[np.ndarray, ...]:
        """As the learner's."""
        parts = self._each("evaluate", agents, tasks, keys)
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))

    def __getattr__(self, name: str) -> Any:  # init, adopt, ...: not worth a message
        return getattr(self.learner, name)

    def _each(self, name: str, *pairs: Sequence[Any]) -> list[Any]:
        """What the learner's method returns for each pair, in order."""
        if len(pairs[0]) == 0:
            return [getattr(self.learner, name)(*pairs)]
        shared = [self.workers.shared(self.build, "the learner's settings")]
        items = [(shared, name, *([one] for one in pair)) for pair in zip(*pairs, strict=True)]
        answers, steps = zip(*self.workers.each(_pair, items), strict=True)
        self.family.add_steps(sum(steps))
        return list(answers)


@lru_cache(maxsize=1)
def _built(build: Any) -> tuple[Learner, Counted]:
    """This worker's learner, and the family that counts its steps."""
    made: tuple[Learner, Counted] = ray.get(build)()
    return made


def _pair(shared: list[Any], name: str, *pair: Sequence[Any]) -> tuple[Any, int]:
    """In a worker: what the learner's method returns for one pair, and environment steps."""
    learner, family = _built(shared[0])
    before = family.steps
    answer = getattr(learner, name)(*pair)
    return answer, family.steps - before
