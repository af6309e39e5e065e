"""The walker as a task family: a task is a terrain genome, and the seed of the one terrain it stands for (or none).

POET's terrains (arXiv 1901.01753) and Enhanced POET's (arXiv 2003.08536). A task with a seed realises the same track
whatever seed an episode is given; a task without one realises another track for every seed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..finite import check_finite
from . import cppn, dcd_layout, obstacles, poet_layout
from .cppn import Cppn
from .obstacles import CATEGORIES, Bounds, Category, Mutates, Obstacles

if TYPE_CHECKING:
    from .cuda.simulator import CudaSimulator
    from .simulator import Standing, WalkerSimulator
    from .track import Track

SCHEMA = 1
SEEDS = 10**6  # a niche's seed is drawn from [0, SEEDS), as in the reference
LARGEST_SEED = 2**32


@dataclass(frozen=True)
class WalkerTask:
    genome: Obstacles | Cppn
    seed: int | None  # None: every life realises another terrain


@dataclass(frozen=True)
class WalkerSettings:
    """Section [walker] of the settings."""

    encoding: Literal["obstacles", "cppn"] = "obstacles"  # of the origin, and so of all its descendants
    layout: Literal["poet", "dcd"] = "poet"  # how obstacles become ground
    terrain: Literal["corrected", "reference"] = "corrected"  # reference: CPPN ground with its plateaus (B12)
    obstacles: tuple[Category, ...] = ("stump", "pit", "roughness")  # which mutate
    mutates: Mutates = "all"  # of them, in every child (POET's code); "some": each picked by itself (its paper)
    gap_max: float = 10.0  # [tiles]
    roughness_max: float = 10.0
    height_max: float = 5.0  # of stumps and of a stair's step [tiles]
    stair_steps_max: int = 9
    length: int = 200  # of a track [tiles of 14/30 m]; its end is reached 10 tiles before
    horizon: int = 2000  # steps of 1/50 s
    seeds: Literal["niche", "life"] = "niche"  # niche: one terrain a task; life: another for every episode
    physics: Literal["numba", "box2d"] = "numba"
    lidar: Literal["nearest", "first"] = "nearest"  # first: what Box2D reports first, as in POET's code (B18)
    solved_score: float = 230.0
    threads: int | None = None  # all cores

    def __post_init__(self) -> None:
        check_finite(self)
        if unknown := set(self.obstacles) - set(CATEGORIES):
            raise ValueError(f"obstacles must be among {', '.join(CATEGORIES)}, got {', '.join(sorted(unknown))}")
        if self.mutates not in ("all", "some"):
            raise ValueError(f"mutates must be 'all' or 'some', got {self.mutates!r}")
        if self.lidar == "first" and self.physics != "box2d":
            raise ValueError('lidar = "first" needs physics = "box2d": only the real Box2D has an order of reporting')
        for name, least, most in (
            ("horizon", 1, 10**6),
            ("length", 31, 10**4),
            ("stair_steps_max", 1, 100),
            ("gap_max", 0.8, 50.0),
            ("height_max", 0.4, 50.0),
            ("roughness_max", 0.0, 100.0),
        ):
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be in [{least}, {most}], got {getattr(self, name)}")


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
        scores = [short + (s.length - 60) * (long - short) / 140 for short, long in ((35, 200), (5, 50), (55, 300))]
        self.spec = WalkerSpec(s.horizon, s.solved_score, s.seeds == "niche", 24, 4, 1, 1 / 50, *scores)
        self.bounds = Bounds(s.obstacles, s.roughness_max, s.gap_max, s.height_max, s.stair_steps_max, s.mutates)
        self._track: Callable[[WalkerTask, int], Track] = lru_cache(maxsize=512)(self._realise)

    def __reduce__(self) -> tuple[type[Walker], tuple[WalkerSettings]]:
        return Walker, (self.settings,)  # a copy in another process builds its own tracks

    def origin(self) -> WalkerTask:
        """Flat ground."""
        genome = cppn.flat() if self.settings.encoding == "cppn" else Obstacles()
        return WalkerTask(genome, 0 if self.settings.seeds == "niche" else None)

    def mutate(self, task: WalkerTask, rng: np.random.Generator) -> WalkerTask:
        if isinstance(task.genome, Cppn):
            genome: Obstacles | Cppn = cppn.mutate(task.genome, rng)
        else:
            genome = obstacles.mutate(task.genome, self.bounds, rng)
        return WalkerTask(genome, int(rng.integers(SEEDS)) if self.settings.seeds == "niche" else None)

    def sample(self, rng: np.random.Generator) -> WalkerTask:
        """Obstacles anywhere within the settings' bounds, another terrain for every life."""
        if self.settings.encoding == "cppn":
            raise ValueError('a CPPN has no bounds to draw from: take walker.encoding="obstacles"')
        return WalkerTask(obstacles.sample(self.bounds, rng), None)

    def describe(self, task: WalkerTask) -> np.ndarray:
        """Obstacles: their parameters, raw. CPPN: the height of the ground at 20 places [m]."""
        if isinstance(task.genome, Cppn):
            return cppn.heights(task.genome, 20)
        return obstacles.describe(task.genome, self.bounds)

    def fingerprint(self, task: WalkerTask) -> str:
        """What makes two tasks duplicates: the genome, whatever the seed (as the reference's names do)."""
        return json.dumps(_genome_json(task.genome), sort_keys=True)

    def title(self, task: WalkerTask) -> str:
        """The task in words, with the paper's class of difficulty if it has one."""
        if isinstance(task.genome, Cppn):
            return cppn.title(task.genome)
        level = obstacles.difficulty(task.genome)
        return obstacles.title(task.genome) + ("" if level == "easy" else f" ({level})")

    def encode(self, task: WalkerTask) -> dict[str, Any]:
        return {"family": "walker", "schema": SCHEMA, "genome": _genome_json(task.genome), "seed": task.seed}

    def decode(self, data: Mapping[str, Any]) -> WalkerTask:
        if not isinstance(data, Mapping) or data.get("family") != "walker":
            raise ValueError(f'a walker task is {{"family": "walker", ...}}, got {str(data)[:80]}')
        if data.get("schema") != SCHEMA:
            raise ValueError(f"walker task schema {data.get('schema')!r} is not {SCHEMA}: upgrade openpoet to read it")
        if set(data) != {"family", "schema", "genome", "seed"}:
            raise ValueError(f"a walker task has family, schema, genome and seed, got {sorted(map(str, data))}")
        seed = data["seed"]
        if seed is not None and not (type(seed) is int and 0 <= seed < LARGEST_SEED):
            raise ValueError(f"a walker task's seed must be null or an integer in [0, 2**32), got {str(seed)[:40]}")
        return WalkerTask(_genome(data["genome"]), seed)

    def task_from_poet_file(self, config: Mapping[str, Any], seed: int) -> WalkerTask:
        """The task of an original POET's env.json."""
        fixed = {"stump_width": (1, 2), "stump_float": (0, 1), "stair_width": (4, 5)}
        for name, only in fixed.items():
            if (given := config.get(name)) and tuple(given) != only:
                raise ValueError(f"{name} must be {list(only)} or empty, got {given}: this genome has no other")
        intervals = {ours: config.get(theirs) or None for ours, theirs in _POET_NAMES.items()}
        steps = config.get("stair_steps") or [1]
        if intervals["stairs"] and len(steps) == 2 and steps[1] != steps[0] + 1:
            raise ValueError(f"stair_steps must be one number, [n] or [n, n + 1], got {steps}")
        genome = {"roughness": config.get("ground_roughness") or 0.0, "stair_steps": int(steps[0]), **intervals}
        return WalkerTask(_genome({"kind": "obstacles", **genome}), seed)

    def simulator(
        self, tasks: Sequence[WalkerTask], seeds: Sequence[int], device: str
    ) -> WalkerSimulator | CudaSimulator:
        from .simulator import Box2DWalkers, CompiledWalkers, WalkerSimulator

        tracks = [self.track(task, seed) for task, seed in zip(tasks, seeds, strict=True)]
        if self.settings.physics == "box2d":
            return WalkerSimulator(Box2DWalkers(tracks, lidar=self.settings.lidar), tracks, self.spec.horizon, device)
        if device.split(":")[0] == "cuda":
            from .cuda.compiler import require

            require()
            from .cuda.simulator import CudaSimulator

            return CudaSimulator(tracks, self.spec.horizon, device)
        from .batch import WalkerBatch

        return CompiledWalkers(WalkerBatch(tracks, threads=self.settings.threads), tracks, self.spec.horizon, device)

    def prepare(self, say: Callable[[str], None]) -> None:
        """Compiles the physics, the first time, and says so."""
        if self.settings.physics == "numba":
            from .batch import compile_kernels

            compile_kernels(say)

    def track(self, task: WalkerTask, seed: int) -> Track:
        """What the task is in an episode of this seed; the task's own seed goes first. Equal tracks are one object."""
        return self._track(replace(task, seed=None), seed if task.seed is None else task.seed)

    def outline(self, task: WalkerTask, state: Standing | None = None) -> dict[str, list[np.ndarray]]:
        track = self.track(task, 0) if state is None else state.track
        closed = [np.concatenate([block, block[:1]]) for block in track.polygons]
        layers = {"ground": [track.ground, *closed]}
        if state is not None:
            layers |= {"body": list(state.pose.bodies), "ray": list(state.pose.rays)}
        return layers

    def _realise(self, task: WalkerTask, seed: int) -> Track:
        length = self.settings.length
        if isinstance(task.genome, Cppn):
            plateaus = self.settings.terrain == "reference"
            return cppn.track(task.genome, seed, length=length, plateaus=plateaus)
        layout = dcd_layout if self.settings.layout == "dcd" else poet_layout
        return layout.track(task.genome, seed, length)


_POET_NAMES = {"gap": "pit_gap", "stump": "stump_height", "stairs": "stair_height"}
_LARGEST = 100.0  # of any number of an obstacle genome: beyond every setting's maximum, and harmless


def _genome_json(genome: Obstacles | Cppn) -> dict[str, Any]:
    if isinstance(genome, Cppn):
        return {"kind": "cppn", **cppn.encode(genome)}
    values = {field.name: getattr(genome, field.name) for field in fields(genome)}
    return {"kind": "obstacles", **{k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}}


def _genome(data: Any) -> Obstacles | Cppn:
    kind = data.get("kind") if isinstance(data, Mapping) else None
    if kind == "cppn":
        return cppn.decode({name: value for name, value in data.items() if name != "kind"})
    if kind != "obstacles" or set(data) != {"kind", *(field.name for field in fields(Obstacles))}:
        raise ValueError(f"a genome is of kind obstacles or cppn, with all its fields; got {str(data)[:80]}")
    roughness, steps = data["roughness"], data["stair_steps"]
    if not _number(roughness) or not (type(steps) is int and 1 <= steps <= _LARGEST):
        raise ValueError(f"roughness must be in [0, 100] and stair_steps in [1, 100], got {roughness!r}, {steps!r}")
    intervals = {name: _interval(name, data[name]) for name in ("gap", "stump", "stairs")}
    return Obstacles(roughness=float(roughness), stair_steps=steps, **intervals)


def _interval(name: str, value: Any) -> tuple[float, float] | None:
    """Differs: low > high is allowed, since one of the published POET terrains (rose 3b) is stored so."""
    if value is None:
        return None
    if not (isinstance(value, Sequence) and len(value) == 2 and all(_number(end) for end in value)):
        raise ValueError(f"{name} must be null or two numbers in [0, 100], got {str(value)[:60]}")
    return float(value[0]), float(value[1])


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= _LARGEST
