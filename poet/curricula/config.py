"""The settings of curricula, section [curriculum], and the curriculum that they name.

Defaults are those of ACCEL's paper and code (arXiv 2203.01302, table 11).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval

from openpoet.settings import Count, Fraction, PositiveFloat, PositiveInt, Settings

from ..interfaces import TaskFamily
from .adversarial import RULES, Adversarial
from .alp_gmm import AlpGmm
from .buffer import Replay
from .engine import Course, Curriculum
from .interfaces import Teacher
from .learnability import Learnability, check_solved_score
from .lessons import trained, tried
from .parameters import Parameters, parameters_of
from .randomisation import Randomisation
from .replay import Edits, LevelReplay
from .sources import Source, easy_level, random_level
from .teaching import Teaching

Base = Literal["random", "easy"]
NAMES = ("dr", "plr", "robust-plr", "accel", "sfl", "alp-gmm", *RULES)
# Settings that are part of complete settings with these curricula only: runs of the others were
# launched before there were such settings.
OWN: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("fit_every", "components", "random", "history", "returns"), ("alp-gmm",)),
    **dict.fromkeys(("adversary_rate", "adversary_epochs"), RULES),
}
Components = Annotated[int, Interval(ge=1, le=1000)]


@dataclass(frozen=True)
class CurriculumConfig(Settings):
    """Section [curriculum] of the settings of a run whose curriculum is not POET."""

    updates: Annotated[PositiveInt, "Rollouts of the curriculum in an iteration of the run."] = 1
    base: Annotated[
        Base | None,
        "New levels: random, or easy, near the trivial task; none: easy with accel, else random.",
    ] = None
    buffer: Annotated[Count, "Largest number of levels in the buffer."] = 1000
    replay: Annotated[
        Fraction | None,
        "Probability of a replay from the buffer; none: 0.9 with accel, 0.5 with plr, robust-plr.",
    ] = None
    start: Annotated[Fraction, "Fill share of the buffer from which levels are replayed."] = 0.5
    temperature: Annotated[
        PositiveFloat, "Temperature of the ranks of scores; low: the best levels only."
    ] = 0.1
    staleness: Annotated[
        Fraction, "Share of the weights given to levels that were not drawn for long."
    ] = 0.5
    parents: Annotated[Count, "Levels that accel edits after a replay."] = 4
    edits: Annotated[Count, "Edits from a level to its child (accel)."] = 3
    every: Annotated[PositiveInt, "Updates between two choices of levels (sfl)."] = 50
    candidates: Annotated[Count, "New levels scored for a choice (sfl)."] = 1000
    kept: Annotated[Count, "Levels kept of a choice (sfl)."] = 100
    share: Annotated[Fraction, "Share of the rows that train on kept levels (sfl)."] = 0.5
    fit_every: Annotated[PositiveInt, "New levels between two fits of the mixture (alp-gmm)."] = 250
    components: Annotated[
        tuple[Components, Components],
        "Smallest and largest number of components of the mixture (alp-gmm).",
    ] = (2, 10)
    random: Annotated[Fraction, "Share of random levels (alp-gmm)."] = 0.2
    history: Annotated[Count, "Levels whose returns are remembered (alp-gmm)."] = 5000
    returns: Annotated[
        tuple[float, float] | None,
        "Lowest and highest return of a level (alp-gmm); none: of those that occurred.",
    ] = None
    adversary_rate: Annotated[
        PositiveFloat, "Learning rate of the adversary (minimax, paired)."
    ] = 3e-4
    adversary_epochs: Annotated[
        PositiveInt, "Optimisation steps of the adversary after a rollout (minimax, paired)."
    ] = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.returns is not None and self.returns[0] >= self.returns[1]:
            raise ValueError(f"returns must be the lowest and the highest, got {self.returns}")
        if self.components[0] > self.components[1]:
            raise ValueError(f"components must be the fewest and the most, got {self.components}")
        for name in ("fit_every", "history"):
            if getattr(self, name) < self.components[0]:  # a fit needs a point a component
                raise ValueError(
                    f"{name} must be at least the smallest number of components, "
                    f"{self.components[0]}, got {getattr(self, name)}: raise curriculum.{name} or "
                    "lower curriculum.components"
                )


def course(name: str, config: CurriculumConfig, family: TaskFamily) -> Course:
    """The engine of a run with the curriculum of that name on a family. ValueError, one line, if
    the family lacks what the curriculum needs.
    """
    if name == "alp-gmm":
        return taught_by(alp_gmm(config, parameters_of(family)), config)
    for rule in RULES:
        if name == rule:
            rate, epochs = config.adversary_rate, config.adversary_epochs
            return Course(Adversarial(parameters_of(family), rule, rate, epochs), config.updates)
    if name == "sfl":
        check_solved_score(family)
    return Course(curriculum_of(name, config), config.updates)


def alp_gmm(config: CurriculumConfig, parameters: Parameters) -> AlpGmm:
    return AlpGmm(
        parameters,
        returns=config.returns,
        fit_every=config.fit_every,
        components=config.components,
        random=config.random,
        history=config.history,
    )


def taught_by(teacher: Teacher, config: CurriculumConfig) -> Course:
    """The engine of a run whose levels a teacher chooses."""
    return Course(Teaching(teacher), config.updates)


def curriculum_of(name: str, config: CurriculumConfig) -> Curriculum:
    """The curriculum of that name, one of NAMES that does not set parameters."""
    base = config.base or ("easy" if name == "accel" else "random")
    new: Source = easy_level if base == "easy" else random_level
    if name == "dr":
        return Randomisation(new)
    if name == "sfl":
        return Learnability(
            new, config.updates, config.every, config.candidates, config.kept, config.share
        )
    replay = config.replay if config.replay is not None else (0.9 if name == "accel" else 0.5)
    rule = Replay(config.buffer, replay, config.start, config.temperature, config.staleness)
    if name == "accel":
        return LevelReplay(rule, new, tried, Edits(config.parents, config.edits))
    return LevelReplay(rule, new, trained if name == "plr" else tried)
