"""The bipedal walker as a task family: terrain genomes of POET (arXiv 1901.01753) and Enhanced POET
(arXiv 2003.08536).

A task with a seed has the same track in every episode; a task without has another track for every
episode's seed. A task also holds the settings it depends on (task.TaskSettings): the origin has
those of the family and passes them on to its descendants; a task of another run keeps its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from annotated_types import Interval

from openpoet.settings import PositiveInt

from . import cppn, cppn_mutation, encoding, obstacles
from . import task as realisation
from .cppn import Cppn
from .obstacles import Bounds, Category, Mutates, Obstacles
from .task import TaskSettings, WalkerTask

if TYPE_CHECKING:
    from .cuda.simulator import CudaSimulator
    from .simulator import WalkerSimulator, WalkerState
    from .track import Track

SEEDS = 10**6  # a niche's seed is drawn from [0, SEEDS), as in the reference


@dataclass(frozen=True)
class WalkerSettings(TaskSettings):
    """Section [walker] of the settings."""

    encoding: Annotated[
        Literal["obstacles", "cppn"], "Genome of every terrain: POET's or Enhanced POET's."
    ] = "obstacles"
    obstacles: Annotated[tuple[Category, ...], "Obstacles that mutate."] = (
        "stump",
        "pit",
        "roughness",
    )
    mutates: Annotated[
        Mutates, "Obstacles mutated in a child: all (POET's code), or some at random (its paper)."
    ] = "all"
    gap_max: Annotated[float, Interval(ge=0.8, le=50), "Widest pit [tiles]."] = 10.0
    roughness_max: Annotated[float, Interval(ge=0, le=100), "Largest roughness."] = 10.0
    height_max: Annotated[
        float, Interval(ge=0.4, le=50), "Highest stump and step of stairs [tiles]."
    ] = 5.0
    stair_steps_max: Annotated[int, Interval(ge=1, le=100), "Most steps of stairs."] = 9
    seeds: Annotated[
        Literal["niche", "episode"],
        "niche: a task has one terrain. episode: every episode has another.",
    ] = "niche"
    physics: Annotated[
        Literal["numba", "box2d"], "numba: compiled, equal to Box2D. box2d: the real engine, slow."
    ] = "numba"
    solved_score: Annotated[float, "Score that solves a task, if the end is reached too."] = 230.0
    threads: Annotated[PositiveInt | None, "Threads of the simulator; none: every processor."] = (
        None
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lidar == "first" and self.physics != "box2d":
            raise ValueError(
                'lidar = "first" needs physics = "box2d": only the real Box2D has an '
                "order of reporting"
            )


@dataclass(frozen=True)
class WalkerSpec:
    """poet.interfaces.Spec of a family of these settings."""

    horizon: int
    solved_score: float
    deterministic: bool
    observation_size: int = 24
    action_size: int = 4
    episodes: int = 1
    dt: float = 1 / 50  # [s] a step
    reproduce_at: float | None = None
    mc_low: float | None = None
    mc_high: float | None = None


class Walker:
    """TaskFamily of poet.interfaces."""

    def __init__(self, settings: WalkerSettings | None = None) -> None:
        self.settings = s = settings or WalkerSettings()
        # Linear in the length, through presets epoet-paper (200 tiles) and quick (60).
        scores = [
            short + (s.length - 60) * (long - short) / 140
            for short, long in ((35, 200), (5, 50), (55, 300))
        ]
        self.spec = WalkerSpec(
            s.horizon, s.solved_score, s.seeds == "niche", 24, 4, 1, 1 / 50, *scores
        )
        self.bounds = Bounds(
            s.obstacles, s.roughness_max, s.gap_max, s.height_max, s.stair_steps_max, s.mutates
        )
        self.own = TaskSettings.of(s)  # of the origin, and of a task made by hand

    def origin(self) -> WalkerTask:
        """Flat ground."""
        genome = cppn.flat() if self.settings.encoding == "cppn" else Obstacles()
        return WalkerTask(genome, 0 if self.settings.seeds == "niche" else None, self.own)

    def mutate(self, task: WalkerTask, rng: np.random.Generator) -> WalkerTask:
        """A mutated genome with a new seed and the same settings."""
        settings = task.settings or self.own
        if isinstance(task.genome, Cppn):
            genome: Obstacles | Cppn = cppn_mutation.mutate(task.genome, rng, settings.length)
        else:
            genome = obstacles.mutate(task.genome, self.bounds, rng)
        return WalkerTask(
            genome, int(rng.integers(SEEDS)) if self.settings.seeds == "niche" else None, settings
        )

    def sample(self, rng: np.random.Generator) -> WalkerTask:
        """Random obstacles within the settings' bounds, without a seed: every trial has another
        terrain.
        """
        if self.settings.encoding == "cppn":
            raise ValueError('a CPPN has no bounds to draw from: set walker.encoding="obstacles"')
        return WalkerTask(obstacles.sample(self.bounds, rng), None, self.own)

    def describe(self, task: WalkerTask) -> np.ndarray:
        """Obstacles: their parameters. CPPN: the height of the ground at 20 positions [m]."""
        if isinstance(task.genome, Cppn):
            return cppn.heights(task.genome, 20, (task.settings or self.own).length)
        return obstacles.describe(task.genome, self.bounds)

    def fingerprint(self, task: WalkerTask) -> str:
        """Equal for duplicate tasks: a string of genome and settings without the seed, as in POET's
        code.
        """
        settings = asdict(task.settings or self.own)
        return json.dumps([encoding.genome_json(task.genome), settings], sort_keys=True)

    def title(self, task: WalkerTask) -> str:
        """A description of the task, with the paper's class of difficulty if it has one."""
        if isinstance(task.genome, Cppn):
            return cppn.title(task.genome, (task.settings or self.own).length)
        level = obstacles.difficulty(task.genome)
        return obstacles.title(task.genome) + ("" if level == "easy" else f" ({level})")

    def encode(self, task: WalkerTask) -> dict[str, Any]:
        return encoding.encode(task.under(self.own))

    def decode(self, data: Mapping[str, Any]) -> WalkerTask:
        return self._fitting(encoding.decode(data, self.own))

    def task_from_poet_file(self, config: Mapping[str, Any], seed: int) -> WalkerTask:
        """The task of an env.json file of the original POET, with the family's settings."""
        return encoding.task_from_poet_file(config, seed, self.own)

    def simulator(
        self, tasks: Sequence[WalkerTask], seeds: Sequence[int], device: str
    ) -> WalkerSimulator | CudaSimulator:
        """A simulator of n tasks, whose lengths and horizons may differ."""
        from .simulator import Box2DWalkers, CompiledWalkers, WalkerSimulator

        fitting = [self._fitting(task.under(self.own)) for task in tasks]

        def realise(row: int, seed: int) -> Track:
            return realisation.track(fitting[row], seed)

        tracks = [realise(row, seed) for row, seed in zip(range(len(tasks)), seeds, strict=True)]
        horizons = np.array([(task.settings or self.own).horizon for task in fitting], np.int64)
        if self.settings.physics == "box2d":
            walkers = Box2DWalkers(tracks, lidar=self.settings.lidar)
            return WalkerSimulator(walkers, tracks, horizons, device, realise)
        if device.split(":")[0] == "cuda":
            from .cuda.compiler import require

            require()
            from .cuda.simulator import CudaSimulator

            return CudaSimulator(tracks, horizons, device, realise)
        from .batch import WalkerBatch

        batch = WalkerBatch(tracks, threads=self.settings.threads)
        return CompiledWalkers(batch, tracks, horizons, device, realise)

    def _fitting(self, task: WalkerTask) -> WalkerTask:
        """The task. ValueError if this family cannot simulate it within the spec's horizon."""
        settings = task.settings or self.own
        if settings.lidar != self.settings.lidar:
            raise ValueError(
                f'the task has lidar = "{settings.lidar}", this family "{self.settings.lidar}": '
                'set walker.lidar to the task\'s (first needs walker.physics = "box2d")'
            )
        if settings.horizon > self.spec.horizon:
            raise ValueError(
                f"the task's horizon is {settings.horizon} steps, this family has at most "
                f"{self.spec.horizon}: set walker.horizon={settings.horizon}"
            )
        return task

    def prepare(self, say: Callable[[str], None]) -> None:
        """Compile the physics if it is not cached. say: called with lines about the progress."""
        if self.settings.physics == "numba":
            from .kernels import compile_kernels

            compile_kernels(say)

    def track(self, task: WalkerTask, seed: int) -> Track:
        """The track of the task in an episode with this seed; see task.track."""
        return realisation.track(task.under(self.own), seed)

    def outline(
        self, task: WalkerTask, state: WalkerState | None = None
    ) -> dict[str, list[np.ndarray]]:
        track = self.track(task, 0) if state is None else state.track
        closed = [np.concatenate([block, block[:1]]) for block in track.polygons]
        layers = {"ground": [track.ground, *closed]}
        if state is not None:
            layers |= {"body": list(state.pose.bodies), "ray": list(state.pose.rays)}
        return layers
