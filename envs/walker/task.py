"""A walker's task: a terrain genome, the seed of its terrain (or none), and settings."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, Literal, get_args

from . import cppn, dcd_layout, poet_layout
from .cppn import Cppn
from .obstacles import Obstacles
from .track import Track

Layout = Literal["poet", "dcd"]
Terrain = Literal["corrected", "reference"]
Lidar = Literal["nearest", "first"]
CHOICES = {"layout": get_args(Layout), "terrain": get_args(Terrain), "lidar": get_args(Lidar)}
RANGES = {"length": (31, 10**4), "horizon": (1, 10**6)}


@dataclass(frozen=True)
class TaskSettings:
    """The settings that a task depends on besides genome and seed; WalkerSettings has them too.

    The far end, where an episode ends, is 10 tiles before the last tile of `length`.
    """

    layout: Layout = "poet"
    terrain: Terrain = "corrected"
    lidar: Lidar = "nearest"
    length: int = 200  # [tiles of 14/30 m]
    horizon: int = 2000  # steps of 1/50 s after which an episode is truncated

    def __post_init__(self) -> None:
        for name, options in CHOICES.items():
            if (value := getattr(self, name)) not in options:
                raise ValueError(
                    f"{name} must be one of {', '.join(options)}, got {str(value)[:40]!r}"
                )
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise ValueError(f"{name} must be in [{least}, {most}], got {repr(value)[:40]}")

    @classmethod
    def of(cls, settings: Any) -> TaskSettings:
        """Those of `settings`, any object with the same fields."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})


@dataclass(frozen=True)
class WalkerTask:
    genome: Obstacles | Cppn
    seed: int | None  # None: every trial has another terrain
    settings: TaskSettings | None = None  # None: those of the family that uses the task

    def under(self, settings: TaskSettings) -> WalkerTask:
        """The task, with these settings if it has none."""
        return self if self.settings is not None else replace(self, settings=settings)


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


@lru_cache(maxsize=512)
def _track(
    genome: Obstacles | Cppn, seed: int, layout: Layout, length: int, plateaus: bool
) -> Track:
    if isinstance(genome, Cppn):
        return cppn.track(genome, seed, length=length, plateaus=plateaus)
    return (dcd_layout if layout == "dcd" else poet_layout).track(genome, seed, length)
