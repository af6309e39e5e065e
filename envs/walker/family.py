"""The bipedal walker as a task family: terrain genomes of POET (arXiv 1901.01753) and Enhanced POET
(arXiv 2003.08536).

A task with a seed has the same track in every episode; a task without has another track for every
episode's seed. A task may have a distribution over bodies, from which every trial draws one that
the agent is not shown (body_genes.py). A task also holds the settings it depends on
(task.TaskSettings): the origin has those of the family and passes them on to its descendants; a
task of another run keeps its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import (
    body_draw,
    body_genes,
    body_mutation,
    cppn,
    cppn_mutation,
    encoding,
    knobs,
    obstacles,
    strokes,
)
from . import task as realisation
from .body_genes import BodyGenes
from .cppn import Cppn
from .levels import SEEDS, Levels
from .obstacles import Bounds, Obstacles
from .settings import WalkerSettings, WalkerSpec
from .task import GYMNASIUM, TaskRows, TaskSettings, WalkerTask

if TYPE_CHECKING:
    from .cuda.simulator import CudaSimulator
    from .hidden import HiddenSimulator
    from .simulator import WalkerSimulator, WalkerState
    from .track import Track


class Walker(Levels):
    """TaskFamily of poet.interfaces."""

    def __init__(self, settings: WalkerSettings | None = None) -> None:
        self.settings = s = settings or WalkerSettings()
        # Linear in the length, through presets epoet-paper (200 tiles) and quick (60).
        reproduce_at, mc_low, mc_high = (
            short + (s.length - 60) * (long - short) / 140
            for short, long in ((35, 200), (5, 50), (55, 300))
        )
        self.spec = WalkerSpec(
            s.horizon,
            s.solved_score,
            deterministic=s.seeds == "niche" and not s.hides,
            observation_size=24 + body_draw.REVEALED * s.reveal,
            episodes=s.episodes or (2 if s.hides else 1),
            reproduce_at=reproduce_at,
            mc_low=mc_low,
            mc_high=mc_high,
        )
        categories = () if s.layout in GYMNASIUM else s.obstacles
        self.bounds = Bounds(
            categories, s.roughness_max, s.gap_max, s.height_max, s.stair_steps_max, s.mutates
        )
        self.own = TaskSettings.of(s)  # of the origin, and of a task made by hand
        named = None if s.body == "standard" else body_genes.named(s.body, s.body_spread)
        self.body = named and replace(named, draws=s.draws)
        self.body_bounds = body_mutation.BodyBounds(s.body_mutates, s.body_reach, s.speed_reward)

    def origin(self) -> WalkerTask:
        """Flat ground."""
        genome = cppn.flat() if self.settings.encoding == "cppn" else Obstacles()
        seed = 0 if self.settings.seeds == "niche" else None
        return WalkerTask(genome, seed, self.own, self.body)

    def mutate(self, task: WalkerTask, rng: np.random.Generator) -> WalkerTask:
        """A mutated genome, and body if bodies mutate, with the same settings and by default a new
        seed.
        """
        settings, genome = task.settings or self.own, task.genome
        most = self.settings.mutation_steps
        # Differs: the papers mutate once; agents that learn fast can take longer steps.
        for _ in range(1 if most == 1 else int(rng.integers(1, most + 1))):
            if isinstance(genome, Cppn):
                genome = cppn_mutation.mutate(genome, rng, settings.length)
            else:
                genome = obstacles.mutate(genome, self.bounds, rng)
        seed, body = self._seed(rng), task.body
        # Differs: in the papers every child has a new seed.
        if self.settings.new_seed < 1 and rng.random() >= self.settings.new_seed:
            seed = task.seed
        if self.body_bounds.genes:
            before = body or BodyGenes(draws=self.settings.draws)
            body = body_mutation.mutate(before, self.body_bounds, rng)
        return WalkerTask(genome, seed, settings, body)

    def sample(self, rng: np.random.Generator) -> WalkerTask:
        """Random obstacles within the settings' bounds, without a seed: every trial has another
        terrain.
        """
        self._check_bounds()
        return WalkerTask(obstacles.sample(self.bounds, rng), None, self.own, self.body)

    def describe(self, task: WalkerTask) -> np.ndarray:
        """Obstacles: their parameters. CPPN: the height of the ground at 20 positions [m]. Followed
        by the body's genes, if trials draw bodies.
        """
        if isinstance(task.genome, Cppn):
            ground = cppn.heights(task.genome, 20, (task.settings or self.own).length)
        else:
            ground = obstacles.describe(task.genome, self.bounds)
        if not self.settings.hides:
            return ground
        return np.concatenate([ground, body_genes.describe(task.body or BodyGenes())])

    def fingerprint(self, task: WalkerTask) -> str:
        """Equal for duplicate tasks: a string of genome, settings and body without the seed, as in
        POET's code.
        """
        parts = [encoding.genome_json(task.genome), asdict(task.settings or self.own)]
        if task.body is not None:
            parts.append(body_genes.encode(task.body))
        return json.dumps(parts, sort_keys=True)

    def difficulty(self, task: WalkerTask) -> int | None:
        """The paper's class of difficulty, 0 (easy) to 3; None for a CPPN, for which there is
        none.
        """
        if isinstance(task.genome, Cppn):
            return None
        return obstacles.CLASSES.index(obstacles.difficulty(task.genome))

    def title(self, task: WalkerTask) -> str:
        """A description of the task, with the paper's class of difficulty if it has one."""
        settings = task.settings or self.own
        if isinstance(task.genome, Cppn):
            words = cppn.title(task.genome, settings.length)
        elif settings.layout in GYMNASIUM:
            words = "Gymnasium's" + (" hardcore" * (settings.layout == "hardcore")) + " ground"
        else:
            level = obstacles.difficulty(task.genome)
            words = obstacles.title(task.genome) + ("" if level == "easy" else f" ({level})")
        return words if task.body is None else f"{words}; {body_genes.title(task.body)}"

    def hidden(self, task: WalkerTask, seed: int) -> str:
        """What the trial with this seed hides from the agent, in words; empty if nothing."""
        return body_draw.title(body_draw.draw(task.body, seed))

    def encode(self, task: WalkerTask) -> dict[str, Any]:
        return encoding.encode(task.under(self.own))

    def decode(self, data: Mapping[str, Any]) -> WalkerTask:
        return self._fitting(encoding.decode(data, self.own))

    def task_from_poet_file(self, config: Mapping[str, Any], seed: int) -> WalkerTask:
        """The task of an env.json file of the original POET, with the family's settings."""
        return encoding.task_from_poet_file(config, seed, self.own)

    def simulator(
        self, tasks: Sequence[WalkerTask], seeds: Sequence[int], device: str
    ) -> WalkerSimulator | CudaSimulator | HiddenSimulator:
        """A simulator of n tasks, whose lengths and horizons may differ."""
        fitting = [self._fitted(task) for task in tasks]
        inner = self._physics(fitting, seeds, device)
        reveal = self.settings.reveal
        if not reveal and not any(task.body and task.body.perturbs for task in fitting):
            return inner
        from .hidden import HiddenSimulator

        return HiddenSimulator(inner, fitting, seeds, device, reveal=reveal)

    def _physics(
        self, tasks: Sequence[WalkerTask], seeds: Sequence[int], device: str
    ) -> WalkerSimulator | CudaSimulator:
        """The simulator of tracks and bodies, on the engine of the settings."""
        from .simulator import Box2DWalkers, CompiledWalkers, WalkerSimulator

        rows = TaskRows(list(tasks), self._fitted)
        # With hidden bodies rows keep their tasks: HiddenSimulator has no `assign`.
        realise = rows.__call__ if self.settings.hides else rows
        drawn = [realise(row, seed) for row, seed in zip(range(len(tasks)), seeds, strict=True)]
        tracks, bodies = [one.track for one in drawn], [one.body for one in drawn]
        horizons = np.array([(task.settings or self.own).horizon for task in tasks], np.int64)
        if self.settings.physics == "box2d":
            walkers = Box2DWalkers(tracks, bodies, lidar=self.settings.lidar)
            return WalkerSimulator(walkers, tracks, horizons, device, realise)
        if device.split(":")[0] == "cuda":
            from .cuda.compiler import require

            require()
            from .cuda.simulator import CudaSimulator

            return CudaSimulator(tracks, horizons, device, realise, bodies)
        from .batch import WalkerBatch

        batch = WalkerBatch(tracks, bodies=bodies, threads=self.settings.threads)
        return CompiledWalkers(batch, tracks, horizons, device, realise)

    def _fitted(self, task: WalkerTask) -> WalkerTask:
        """The task with settings, those of the family if it has none of its own."""
        return self._fitting(task.under(self.own))

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
        if task.body is not None and not self.settings.hides:
            raise ValueError(
                "the task has a hidden body, this family only Gymnasium's: set "
                "walker.body=reversed, or another, or walker.body_mutates"
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

    def knobs(self, task: WalkerTask) -> dict[str, knobs.Knob]:
        """Numbers of the task that a person may edit: value, low, high, step."""
        return knobs.knobs(task, self.bounds, SEEDS)

    def turned(self, task: WalkerTask, name: str, value: float) -> WalkerTask:
        """The task with another value of one of its knobs."""
        return knobs.turned(task, name, value)

    def drawn(self, task: WalkerTask, stroke: np.ndarray) -> WalkerTask:
        """The task after a stroke [2, 2] [m] of the mouse, from and to."""
        return strokes.drawn(task, self.bounds, SEEDS, self.track(task, 0), stroke)

    def outline(
        self, task: WalkerTask, state: WalkerState | None = None
    ) -> dict[str, list[np.ndarray]]:
        track = self.track(task, 0) if state is None else state.track
        closed = [np.concatenate([block, block[:1]]) for block in track.polygons]
        layers = {"ground": [track.ground, *closed]}
        if state is not None:
            layers |= {"body": list(state.pose.bodies), "ray": list(state.pose.rays)}
        return layers
