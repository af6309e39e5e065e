"""The settings of the trainings of `reproduce adaptation`: equal for all learners and distributions
where they can be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpoet.arena.suites.suite import Suite

    from .parts import Tables

# What agents are trained on. POET's population is trained on what it evolves; "evolved" is a new
# agent that is trained on all of that.
FIXED, RANDOMISED, EVOLVED, POPULATION, ACCEL = (
    "fixed", "randomised", "evolved", "population", "accel"
)  # fmt: skip
DISTRIBUTIONS = (FIXED, RANDOMISED, EVOLVED, POPULATION, ACCEL)
# The user's settings that a run has besides those of its family and its learner.
SECTIONS = {
    RANDOMISED: ("ranges",),
    EVOLVED: ("curriculum",),
    POPULATION: ("poet",),
    ACCEL: ("curriculum",),
}


@dataclass(frozen=True)
class Scene:
    """How a family is trained and where it is tested.

    suite: its held-out draws; its settings of the family are those of all trainings. changes: by
    "section.key", of the family and the preset's learner, in place of the suite's and the preset's.
    fixed: the world of the suite that is the fixed distribution; None: the family's origin under
    these settings.
    """

    preset: str
    suite: str
    fixed: str | None
    changes: tuple[tuple[str, Any], ...] = ()


SCENES = {
    "navigation": Scene("quick-navigation", "navigation", "square"),
    "maze": Scene("quick-maze", "mazes", "empty"),
    "walker": Scene(
        "walker-adapt",
        "bodies",
        None,
        (
            ("walker.draws", "train"),
            ("walker.body_spread", 1.0),
            ("walker.episodes", 3),
            ("walker.body_mutates", ["reversed"]),
            # a hidden body shows in the observations of an episode, a target speed in its return
            ("rl2.reward_input", "step"),
            ("rl2.reward_gain", 10.0),
            # curricula need whole trials in a rollout
            ("rl2.trials", 32),
            ("rl2.steps", 1800),
            ("rl2.bptt", 200),
        ),
    ),
}


@dataclass(frozen=True)
class Training:
    """One run: a learner, what it is trained on, and a seed."""

    learner: str
    distribution: str
    seed: int

    @property
    def name(self) -> str:
        return f"{Path(self.learner).stem}-{self.distribution}-s{self.seed}"


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of trainings on one family.

    steps: the environment steps of each. changes: texts "section.key=value" for all runs that have
    the section; of the preset's learner also for those that share its settings.
    """

    family: str
    steps: int
    changes: Sequence[str] = ()

    @cached_property
    def scene(self) -> Scene:
        if self.family not in SCENES:
            raise ValueError(
                f"--family must be one of {', '.join(SCENES)}, got {self.family!r:.60}"
            )
        return SCENES[self.family]

    @cached_property
    def suite(self) -> Suite:
        from openpoet.arena.suites.reading import suite

        return suite(self.scene.suite)

    def check(self, learners: Sequence[str]) -> None:
        """ValueError if a change is of a section that no training has."""
        from .plugins import section
        from .settings.tables import assigned

        used = ["poet", self.family, "curriculum", "ranges", *map(section, learners)]
        used.append(self._leader)
        for change in self.changes:
            if (place := assigned(change)[0]) not in used:
                raise ValueError(
                    f"--set {change}: no training has a section [{place[:60]}], they have "
                    f"{', '.join(dict.fromkeys(used))}"
                )

    def of(self, training: Training, tasks: int) -> tuple[dict[str, Any], list[str]]:
        """Options and changes of a training (sessions.Launch). tasks: on which "evolved" trains."""
        from .plugins import section

        kind, place = training.distribution, section(training.learner)
        changes = self._changes(place, kind)
        options: dict[str, Any] = {
            "run.preset": self.scene.preset,
            "run.family": self.family,
            "run.learner": training.learner,
            # each has at least one step, so the steps end the run
            "run.iterations": self.steps,
            "poet.seed": training.seed,
        }
        if kind in (FIXED, RANDOMISED):
            options["run.tasks"] = kind
        elif kind == EVOLVED:
            room = max(tasks, self._led["poet"]["capacity"])
            options |= {"run.curriculum": "dr", "poet.capacity": room}
        elif kind == ACCEL:
            options["run.curriculum"] = "accel"
        used = self.family, place
        options |= {k: v for k, v in self._of_scene().items() if k.partition(".")[0] in used}
        options |= {f"{place}.{key}": value for key, value in self._shared(training).items()}
        return _without(options, changes), changes

    def _of_scene(self) -> dict[str, Any]:
        """Settings of the family and the preset's learner."""
        own = {f"{self.family}.{key}": value for key, value in self.suite.settings.items()}
        return own | dict(self.scene.changes)

    def _changes(self, place: str, kind: str) -> list[str]:
        """The user's changes for a run. place: the section of its learner."""
        from .settings.tables import assigned

        used = {self.family, place, *SECTIONS.get(kind, ())}
        return [change for change in self.changes if assigned(change)[0] in used]

    @cached_property
    def _leader(self) -> str:
        """The preset's learner."""
        from .settings.tables import preset

        return str(preset(self.scene.preset)["run"]["learner"])

    @cached_property
    def _led(self) -> Tables:
        """The settings of the preset with its learner, and the user's changes."""
        from .parts import settings_for
        from .settings.resolving import Request

        changes = self._changes(self._leader, POPULATION)
        options = {"run.preset": self.scene.preset, **_without(self._of_scene(), changes)}
        return settings_for(Request(options, changes))

    def _shared(self, training: Training) -> dict[str, Any]:
        """Settings of a learner that is trained by PPO, from those of the preset's: all of PPO, and
        the shape of rollouts. Those of `ppo` have as many steps as trials have.
        """
        from openpoet.agents.ppo.config import PPOSettings

        from .parts import load_part, make_part

        _, config = load_part("learner", training.learner)
        if training.learner == self._leader or config is None:
            return {}
        if not issubclass(config, PPOSettings):
            return {}
        leader = self._led[self._leader]
        shared = {f.name: leader[f.name] for f in fields(PPOSettings) if f.name in leader}
        if training.learner == "ppo":
            spec = make_part("family", self._led, 1).spec
            steps = leader["steps"] or spec.horizon * spec.episodes
            return {
                **shared,
                "num_envs": leader["trials"],
                "num_steps": steps,
                "test_episodes": leader["test_trials"],
            }
        return shared | {key: leader[key] for key in ("trials", "test_trials", "steps", "bptt")}


def _without(options: Mapping[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """The options that the user's changes do not set."""
    from .settings.tables import assigned

    given = {".".join(assigned(change)[:2]) for change in changes}
    return {key: value for key, value in options.items() if key not in given}
