"""Sources of tracks and bodies of the Gymnasium environments: Gymnasium's own layouts, or a task.
Picklable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import gymnasium
import numpy as np

from openpoet.archived_tasks import archived_task, is_name
from openpoet.foreign_json import loads

from . import gymnasium_layout
from .body import Body
from .body_draw import draw
from .body_genes import NAMED, BodyGenes
from .cppn import Cppn
from .encoding import decode, encode
from .obstacles import Obstacles
from .task import Realisation, TaskSettings, WalkerTask, realise

EASY_STEPS, HARDCORE_STEPS = 1600, 2000  # Gymnasium's max_episode_steps
T = TypeVar("T")


@dataclass(frozen=True)
class GymnasiumGround:
    """Gymnasium's easy or hardcore ground, drawn anew for every episode."""

    hardcore: bool
    horizon: int | None = None  # steps after which an episode is truncated; None: see the id
    task: None = None

    def __call__(self, rng: np.random.Generator) -> Realisation:
        """The next episode's track, and Gymnasium's body."""
        return Realisation(gymnasium_layout.track(rng, self.hardcore))


@dataclass(frozen=True)
class TaskGround:
    """A task's ground, the same for every episode if the task has a seed, and its body, drawn for
    every episode.
    """

    task: WalkerTask
    horizon: int

    def __call__(self, rng: np.random.Generator) -> Realisation:
        """The next episode's track and body."""
        return realise(self.task, int(rng.integers(2**31)))


Ground = GymnasiumGround | TaskGround


def drawn_body(body: Body | BodyGenes | None, own: Realisation, rng: np.random.Generator) -> Body:
    """The body of an episode on the realised ground `own`.

    body: a Body; genes, from which one is drawn for every episode; None: that of the ground.
    """
    if body is None:
        return own.body
    return body if isinstance(body, Body) else draw(body, int(rng.integers(2**31))).body


def per_row(name: str, given: Any, rows: int, checked: Callable[[Any], T]) -> list[T]:
    """The argument `name` of each row, [rows]: one for all rows, or a list or tuple of one per row.

    checked: the value for one row. ValueError, one line, if the list has another length or
    `checked` raises one.
    """
    if not isinstance(given, list | tuple):
        return [checked(given)] * rows
    if len(given) != rows:
        expected = f"{name} must be one for all rows, or a list of {rows}, one per row"
        raise ValueError(f"{expected}; got a list of {len(given)}")
    made = []
    for row, each in enumerate(given):
        try:
            made.append(checked(each))
        except ValueError as error:
            raise ValueError(f"row {row}: {error}") from None
    return made


def checked_body(body: Any) -> Body | BodyGenes | None:
    """The argument `body` of an environment. ValueError, one line, if it is not one."""
    if isinstance(body, str) and body in NAMED:
        body = NAMED[body]
    if body is None or isinstance(body, Body):
        return body
    if not isinstance(body, BodyGenes):
        raise ValueError(
            f"body must be a Body, BodyGenes or one of {', '.join(NAMED)}, got {str(body)[:60]!r}"
        )
    _check_body_only(body)
    return body


def _check_body_only(genes: BodyGenes) -> None:
    if genes.perturbs:
        raise ValueError(
            "body: delay, noise and target speeds are not part of the Gymnasium environments: use "
            "the walker's family"
        )


def usual_horizon(hardcore: bool) -> int:
    """Gymnasium's max_episode_steps on this ground."""
    return HARDCORE_STEPS if hardcore else EASY_STEPS


def ground(hardcore: bool, terrain: Any, own_horizon: bool = False) -> Ground:
    """The ground of an environment's arguments; `terrain` takes precedence over `hardcore`.

    own_horizon: whether Gymnasium's ground truncates episodes after its usual horizon.
    ValueError, one line, if `terrain` is not a terrain.
    """
    if terrain is None:
        return GymnasiumGround(bool(hardcore), usual_horizon(hardcore) if own_horizon else None)
    task, own = _task(terrain), TaskSettings()
    task = decode(encode(task.under(own)), own)  # checks what was made by hand too
    settings = task.settings or own
    if settings.lidar != "nearest":
        raise ValueError(
            f'terrain: the task has lidar = "{settings.lidar}", which only the real Box2D has: '
            'use a walker family with physics = "box2d"'
        )
    if task.body is not None:
        _check_body_only(task.body)
    return TaskGround(task, settings.horizon)


def limit(max_episode_steps: int | None, usual: int, horizon: int | None) -> float:
    """Steps after which an episode is truncated: the lower of the two limits, as with
    gymnasium.make and its TimeLimit.

    max_episode_steps: -1 for no limit; None for the default.   horizon: of the ground.
    usual: the default where the ground has no horizon either.
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
    """The task described by `terrain`: a task, a genome, the JSON of a task, the name of a niche in
    an archive, or "flat".
    """
    if isinstance(terrain, WalkerTask):
        return terrain
    if isinstance(terrain, Obstacles | Cppn):
        return WalkerTask(terrain, None)
    if isinstance(terrain, str):
        if terrain == "flat":
            return WalkerTask(Obstacles(), None)
        terrain = _named(terrain) if is_name(terrain) else _parsed(terrain)
    if not isinstance(terrain, Mapping):
        raise ValueError(
            'terrain must be a task, a genome, the JSON of a task, or "flat"; got '
            f"{str(terrain)[:60]!r}"
        )
    if terrain.get("schema") == 1:
        gymnasium.logger.warn(
            "terrain: a task of schema 1 does not hold its length, layout, terrain and horizon, so "
            "the defaults are used; give a task with the settings of its run (schema 2)"
        )
    return decode(terrain, TaskSettings())


def _named(name: str) -> Any:
    try:
        return archived_task(name, "walker")
    except ValueError as error:
        raise ValueError(f"terrain: {error}") from error


def _parsed(text: str) -> Any:
    try:
        return loads(text)
    except ValueError:
        raise ValueError(
            'terrain must be a task, its JSON, a niche of an archive such as "FILE.poet#12", or '
            f'"flat"; got the text {text[:60]!r}'
        ) from None
