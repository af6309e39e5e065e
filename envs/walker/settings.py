"""The settings of the walker's family, section [walker], and the spec that follows from them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Interval

from openpoet.settings import Count, Fraction, Threads

from .body_genes import GeneName, Split
from .body_mutation import smallest_reach
from .obstacles import Category, Mutates
from .task import GYMNASIUM, TaskSettings


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
    mutation_steps: Annotated[
        int,
        Interval(ge=1, le=100),
        "Most mutations in a row that make a child's terrain; their number is drawn.",
    ] = field(default=1, metadata={"written": False})  # not in older runs
    new_seed: Annotated[
        Fraction,
        "Probability that a child's terrain is drawn with a new seed; otherwise with its parent's, "
        "so that the same obstacles become larger or smaller.",
    ] = field(default=1.0, metadata={"written": False})  # not in older runs
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
    body: Annotated[
        Literal["standard", "reversed", "crippled", "params", "legs", "speed"],
        "What a trial of the first task hides: nothing, which motors are reversed, a dead joint, "
        "factors of the dynamics, leg sizes, or the speed that is rewarded.",
    ] = "standard"
    body_spread: Annotated[
        float,
        Interval(gt=0, le=1),
        "Spreads and probabilities of the first task's body, as a share of those of `body`.",
    ] = field(default=1.0, metadata={"written": False})  # not in older runs
    body_mutates: Annotated[tuple[GeneName, ...], "Genes of the body that mutate."] = ()
    body_reach: Annotated[
        Fraction, "Largest spread of a mutating gene, as a share of the largest possible."
    ] = 1.0
    speed_reward: Annotated[
        Literal["added", "instead"],
        "Reward of a mutated target speed: minus the error, added to progress or instead of it.",
    ] = "instead"
    draws: Annotated[
        Split,
        "Which bodies trials draw: all, or only those for training, or only those held out.",
    ] = "all"
    reveal: Annotated[
        bool, "Append the hidden draw to the observations: for an upper bound of adaptation."
    ] = False
    episodes: Annotated[
        Count | None, "Episodes of a trial; none: 2 if trials draw bodies, otherwise 1."
    ] = None
    physics: Annotated[
        Literal["numba", "box2d"], "numba: compiled, equal to Box2D. box2d: the real engine, slow."
    ] = "numba"
    solved_score: Annotated[float, "Score that solves a task, if the end is reached too."] = 230.0
    threads: Annotated[Threads | None, "Threads of the simulator; none: every processor."] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lidar == "first" and self.physics != "box2d":
            raise ValueError(
                'lidar = "first" needs physics = "box2d": only the real Box2D has an '
                "order of reporting"
            )
        if self.layout in GYMNASIUM and self.encoding != "obstacles":
            raise ValueError(
                f'layout = "{self.layout}" has no genome: set walker.encoding="obstacles"'
            )
        if self.draws != "all" and not self.hides:
            raise ValueError(
                f'draws = "{self.draws}" needs bodies to draw: set walker.body or '
                "walker.body_mutates"
            )
        if self.body_spread != 1 and self.body == "standard":
            raise ValueError(
                f"body_spread = {self.body_spread:g} needs a body that varies: set walker.body, "
                'for example to "reversed"'
            )
        needed = max(map(smallest_reach, self.body_mutates), default=0.0)
        if self.body_reach < needed - 1e-9:
            raise ValueError(
                f"body_reach = {self.body_reach:g} is less than the first step of a gene of "
                f"body_mutates: set walker.body_reach to at least {math.ceil(100 * needed) / 100:g}"
            )

    @property
    def hides(self) -> bool:
        """Whether trials of some tasks draw bodies."""
        return self.body != "standard" or bool(self.body_mutates)


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
