"""A walker's task: a terrain genome, the seed of its terrain (or none), a distribution over bodies
(or none), and settings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Interval

from openpoet.settings import Settings

from . import cppn, dcd_layout, poet_layout
from .body import STANDARD, Body
from .body_draw import draw
from .body_genes import BodyGenes
from .cppn import Cppn
from .obstacles import Obstacles
from .track import Track

Layout = Literal["poet", "dcd", "gymnasium", "hardcore"]
GYMNASIUM: tuple[Layout, ...] = ("gymnasium", "hardcore")  # layouts without a genome
GYMNASIUM_LENGTH = 200  # tiles
Terrain = Literal["corrected", "reference"]
Lidar = Literal["nearest", "first"]


@dataclass(frozen=True)
class TaskSettings(Settings):
    """The settings that a task depends on besides genome and seed; [walker] extends them.

    The far end, where an episode ends, is 10 tiles before the last tile of `length`.
    """

    layout: Annotated[
        Layout,
        "How obstacles become ground: as in POET, or as in DCD. gymnasium and hardcore: no genome, "
        "the ground of Gymnasium's BipedalWalker-v3 and BipedalWalkerHardcore-v3.",
    ] = "poet"
    terrain: Annotated[
        Terrain,
        "reference: CPPN ground with the plateaus of Enhanced POET's code; corrected: none.",
    ] = "corrected"
    lidar: Annotated[
        Lidar, "nearest: nearest hit of a ray. first: Box2D's first report, as in POET's code."
    ] = "nearest"
    length: Annotated[
        int,
        Interval(ge=31, le=10**4),
        "Length of a track [tiles of 14/30 m]; its end is 10 tiles before the last.",
    ] = 200
    horizon: Annotated[
        int, Interval(ge=1, le=10**6), "Steps of 1/50 s after which an episode is truncated."
    ] = 2000

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.layout in GYMNASIUM and self.length != GYMNASIUM_LENGTH:
            raise ValueError(
                f'layout = "{self.layout}" has tracks of {GYMNASIUM_LENGTH} tiles, got length = '
                f"{self.length}: set walker.length={GYMNASIUM_LENGTH}"
            )

    @classmethod
    def of(cls, settings: Any) -> TaskSettings:
        """Those of `settings`, any object with the same fields."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})


@dataclass(frozen=True)
class WalkerTask:
    genome: Obstacles | Cppn
    seed: int | None  # None: every trial has another terrain
    settings: TaskSettings | None = None  # None: those of the family that uses the task
    # hidden draws of a trial; None: Gymnasium's walker. Genes that draw nothing else become None.
    body: BodyGenes | None = None

    def __post_init__(self) -> None:
        if self.body is not None and self.body.standard:
            object.__setattr__(self, "body", None)

    def under(self, settings: TaskSettings) -> WalkerTask:
        """The task, with these settings if it has none."""
        return self if self.settings is not None else replace(self, settings=settings)


@dataclass(frozen=True)
class Realisation:
    """The part of a trial that the physics realises."""

    track: Track
    body: Body = STANDARD


@dataclass
class TaskRows:
    """The tasks of a simulator's rows; called with a row and a seed, the realisation.

    fitting: the task with its family's settings. ValueError if the family cannot simulate it.
    """

    tasks: list[WalkerTask]
    fitting: Callable[[WalkerTask], WalkerTask]

    def __call__(self, row: int, seed: int) -> Realisation:
        return realise(self.tasks[row], seed)

    def assign(self, row: int, task: WalkerTask) -> int:
        """Replace a row's task; the horizon of the new one."""
        self.tasks[row] = fitting = self.fitting(task)
        return (fitting.settings or TaskSettings()).horizon


def realise(task: WalkerTask, seed: int) -> Realisation:
    """Track and body of the trial with this seed."""
    return Realisation(track(task, seed), draw(task.body, seed).body)


def track(task: WalkerTask, seed: int) -> Track:
    """The track of the task in an episode with this seed; the task's own seed takes precedence.

    Equal tracks are the same object.
    """
    settings = task.settings or TaskSettings()
    plateaus = settings.terrain == "reference"
    return _track(
        task.genome,
        seed if task.seed is None else task.seed,
        settings.layout,
        settings.length,
        plateaus,
    )


@lru_cache(maxsize=2048)  # more than the levels of a curriculum's buffer
def _track(
    genome: Obstacles | Cppn, seed: int, layout: Layout, length: int, plateaus: bool
) -> Track:
    if isinstance(genome, Cppn):
        return cppn.track(genome, seed, length=length, plateaus=plateaus)
    if layout in GYMNASIUM:
        from .gymnasium_layout import track as gymnasium_track  # loads the compiled kernels

        # the generator of Gymnasium's reset(seed=seed)
        return gymnasium_track(np.random.default_rng(seed), layout == "hardcore")
    return (dcd_layout if layout == "dcd" else poet_layout).track(genome, seed, length)
