"""Where the Gymnasium ids take their tracks from: Gymnasium's own layouts, or a task. Plain values, to be pickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import gymnasium_layout
from .cppn import Cppn
from .family import Walker, WalkerTask
from .obstacles import Obstacles
from .track import Track


@dataclass(frozen=True)
class GymnasiumGround:
    """Gymnasium's easy or hardcore ground, another for every episode."""

    hardcore: bool
    horizon: None = None  # steps after which an episode is truncated: the id's affair

    def __call__(self, rng: np.random.Generator) -> Track:
        """The next episode's track."""
        return gymnasium_layout.track(rng, self.hardcore)


@dataclass(frozen=True)
class TaskGround:
    """A task's ground: the same for every episode if the task has a seed."""

    family: Walker
    task: WalkerTask

    @property
    def horizon(self) -> int:
        """Steps after which an episode is truncated."""
        return self.family.spec.horizon

    def __call__(self, rng: np.random.Generator) -> Track:
        """The next episode's track."""
        return self.family.track(self.task, int(rng.integers(2**31)))


def ground(hardcore: bool | None, terrain: Any) -> GymnasiumGround | TaskGround:
    """The ground of an id's arguments; `terrain` goes before `hardcore`. ValueError, one line, if it is no terrain."""
    if terrain is None:
        return GymnasiumGround(bool(hardcore))
    return TaskGround(Walker(), _task(terrain))


def _task(terrain: Any) -> WalkerTask:
    """The task of a genome, a task, their JSON, or "flat"."""
    if isinstance(terrain, WalkerTask):
        return terrain
    if isinstance(terrain, Obstacles | Cppn):
        return WalkerTask(terrain, None)
    if isinstance(terrain, str):
        if terrain == "flat":
            return WalkerTask(Obstacles(), None)
        try:
            terrain = json.loads(terrain)
        except ValueError:
            raise ValueError(f'terrain must be a task, its JSON, or "flat"; got the text {terrain[:60]!r}') from None
    if not isinstance(terrain, Mapping):
        raise ValueError(f'terrain must be a task, a genome, the JSON of a task, or "flat"; got {str(terrain)[:60]!r}')
    return Walker().decode(terrain)
