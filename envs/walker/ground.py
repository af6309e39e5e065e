"""Where the Gymnasium ids take their tracks from: Gymnasium's layouts, or a task. Picklable
values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

from . import gymnasium_layout
from .cppn import Cppn
from .encoding import decode, encode
from .obstacles import Obstacles
from .task import TaskSettings, WalkerTask, track
from .track import Track


@dataclass(frozen=True)
class GymnasiumGround:
    """Gymnasium's easy or hardcore ground, another for every episode."""

    hardcore: bool
    horizon: None = None  # steps after which an episode is truncated: the id's max_episode_steps
    task: None = None

    def __call__(self, rng: np.random.Generator) -> Track:
        """The next episode's track."""
        return gymnasium_layout.track(rng, self.hardcore)


@dataclass(frozen=True)
class TaskGround:
    """A task's ground: the same for every episode if the task has a seed."""

    task: WalkerTask
    horizon: int

    def __call__(self, rng: np.random.Generator) -> Track:
        """The next episode's track."""
        return track(self.task, int(rng.integers(2**31)))


Ground = GymnasiumGround | TaskGround


def ground(hardcore: bool | None, terrain: Any) -> Ground:
    """The ground of an id's arguments; `terrain` goes before `hardcore`.

    ValueError, one line, if it is no terrain.
    """
    if terrain is None:
        return GymnasiumGround(bool(hardcore))
    task, own = _task(terrain), TaskSettings()
    task = decode(encode(task.under(own)), own)  # checks what was made by hand too
    settings = task.settings or own
    if settings.lidar != "nearest":
        raise ValueError(
            f'terrain: the task has lidar = "{settings.lidar}", which the real Box2D alone has: '
            'play it in a family with walker.physics = "box2d"'
        )
    return TaskGround(task, settings.horizon)


def grounds(hardcore: bool, terrain: Any, rows: int) -> list[Ground]:
    """[rows] grounds: of one terrain for all rows, or of a list or tuple that has one a row.

    ValueError, one line, if the list has another length or one of its items is no terrain.
    """
    if not isinstance(terrain, list | tuple):
        return [ground(hardcore, terrain)] * rows
    if len(terrain) != rows:
        expected = f"terrain must be one for all rows, or a list of {rows}, one a row"
        raise ValueError(f"{expected}; got a list of {len(terrain)}")
    return [_of_row(row, hardcore, given) for row, given in enumerate(terrain)]


def _of_row(row: int, hardcore: bool, terrain: Any) -> Ground:
    try:
        return ground(hardcore, terrain)
    except ValueError as error:
        raise ValueError(f"row {row}: {error}") from None


def limit(max_episode_steps: int | None, usual: int, horizon: int | None) -> float:
    """Steps after which an episode is truncated, as gymnasium.make and its TimeLimit take them.

    usual: where no other is given, nor a task's horizon.
    """
    if max_episode_steps is None:
        return usual if horizon is None else horizon
    if not isinstance(max_episode_steps, int):
        raise TypeError(f"max_episode_steps must be a whole number, got {max_episode_steps!r}")
    if max_episode_steps < 1 and max_episode_steps != -1:
        got = max_episode_steps
        raise ValueError(f"max_episode_steps must be at least 1, or -1 for no limit, got {got}")
    limits = [max_episode_steps if max_episode_steps != -1 else np.inf, horizon or np.inf]
    return min(limits)


def _task(terrain: Any) -> WalkerTask:
    """The task of a genome, a task, their JSON, or "flat"."""
    if isinstance(terrain, WalkerTask):
        return terrain
    if isinstance(terrain, Obstacles | Cppn):
        return WalkerTask(terrain, None)
    if isinstance(terrain, str):
        if terrain == "flat":
            return WalkerTask(Obstacles(), None)
        terrain = _parsed(terrain)
    if not isinstance(terrain, Mapping):
        raise ValueError(
            'terrain must be a task, a genome, the JSON of a task, or "flat"; got '
            f"{str(terrain)[:60]!r}"
        )
    if terrain.get("schema") == 1:
        gymnasium.logger.warn(
            "terrain: a task of schema 1 does not hold its length, layout, terrain and horizon, so "
            "the "
            "defaults are used; `show RUN NICHE --json` prints it with those of its run"
        )
    return decode(terrain, TaskSettings())


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(
            f'terrain must be a task, its JSON, or "flat"; got the text {text[:60]!r}'
        ) from None
