"""Rewards from a discriminator over the dynamics of another family: random, learned, and what
evolves of them.

A discriminator q(z|s) tells skills apart by the state; the task of skill z pays log q(z|s) - log
p(z) a step, and only the dynamics of the family underneath count. A random one makes the tasks of
unsupervised meta-RL (Gupta et al. 2018, arXiv 1806.04640, UML-RANDOM), a learned one turns DIAYN's
skills into tasks (arXiv 1802.06070; UML-DIAYN). The genome holds the discriminator, so rewards
evolve; a life draws the skill, which is never observed, unless the niche keeps one.
Differs: q is mixed with a little of every skill, so that rewards have a floor. In an unbounded
place a random q pays
for going away for ever: the navigation underneath has walls.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import numpy as np
import torch

from .discriminator import (
    LARGEST,
    Judges,
    Layers,
    checked_layers,
    layers_of,
    moved_layers,
    random_layers,
    size_of,
)
from .families import FAMILIES
from .parts.draws import Draws
from .parts.encoding import check_settings, from_json, to_json
from .parts.episodes import Spec
from .parts.finite import check_finite

NAME = "random-rewards"
# Settings that realise a task; its fields hold the sizes, and the settings of the task underneath.
REALISED_BY = ("scores", "add_p_z", "floor", "temperature")
# settings that a family underneath needs
BOUNDED: dict[str, dict[str, Any]] = {"navigation": {"arena": 1.0}}
PROBES = 16  # states at which discriminators are compared


@dataclass(frozen=True)
class Reward:
    """A task."""

    layers: Layers
    skill: int | None  # None: every life draws one
    place: Any  # a task of the family underneath


@dataclass(frozen=True)
class DiscriminatedSettings:
    dynamics: str = "navigation"  # the family underneath
    skills: int = 4
    hidden: tuple[int, ...] = (16,)  # units of the discriminator
    # of the random one that a run starts from: large ones are steep, and flat where they are sure
    gain: float = 1.5
    step: float = 0.2  # by which a mutation moves its weights
    # who draws it: every life, or a niche has one and mutations move it
    skill: Literal["life", "niche"] = "life"
    move: float = 0.25  # chance that a mutation moves the skill of a niche
    scores: Literal["next", "current"] = "next"  # which state pays: after the action, or before
    add_p_z: bool = True  # less log p(z), so that a state that says nothing pays 0
    floor: float = 0.01  # chance that every skill has everywhere
    # what logits are divided by: a learned discriminator is sure, and flat, nearly everywhere
    temperature: float = 1.0
    # the task to start from, as `show RUN NICHE --json` prints one; "": a random discriminator
    origin: str = ""
    horizon: int | None = None  # None: that of the family underneath; so are the episodes
    episodes: int | None = None
    solved_share: float = 0.5  # of the most that an episode can earn
    threads: int | None = None  # of the family underneath, where it runs in threads of its own

    def __post_init__(self) -> None:
        check_finite(self)
        if self.skills < 2 or not self.hidden or min(self.hidden) < 1:
            raise ValueError(
                "skills must be at least 2, hidden sizes at least 1, got "
                f"{self.skills} and {self.hidden}"
            )
        if min(self.gain, self.step) <= 0 or not 0 <= self.move <= 1:
            raise ValueError(
                "gain and step must be above 0, move from 0 to 1, got "
                f"{self.gain, self.step, self.move}"
            )
        if self.temperature <= 0:
            raise ValueError(f"temperature must be above 0, got {self.temperature}")
        if not 0 <= self.floor < 1 / self.skills:
            raise ValueError(f"floor must be from 0 to below 1 / skills, got {self.floor}")


class Discriminated:
    """Task family (poet.interfaces). Observed and done is what the family underneath says."""

    def __init__(self, settings: DiscriminatedSettings | None = None) -> None:
        self.settings = s = settings or DiscriminatedSettings()
        self.place = _underneath(s)
        spec = self.place.spec
        self.sizes = (spec.observation_size, *s.hidden, s.skills)
        if (numbers := size_of(self.sizes)) > LARGEST:
            raise ValueError(
                f"a discriminator may have {LARGEST} numbers, {s.dynamics} and hidden "
                f"make it {numbers}"
            )
        offset = math.log(s.skills) * (not s.add_p_z)
        discrete, dt = getattr(spec, "discrete", False), getattr(spec, "dt", 0.02)
        solved = spec.horizon * (s.solved_share * math.log(s.skills) - offset)
        self.spec = Spec(
            spec.observation_size,
            spec.action_size,
            spec.horizon,
            spec.episodes,
            solved,
            False,
            discrete,
            dt=dt,
        ).judged(*(spec.horizon * (nats - offset) for nats in (0.1, -0.15, 0.75)))
        self._origin = self._first()

    def _first(self) -> Reward:
        s = self.settings
        if s.origin:
            try:
                data = json.loads(s.origin)
            except (ValueError, RecursionError) as error:
                raise ValueError(
                    f"origin must be a task's JSON, with its settings: {error}"
                ) from None
            return self.decode(data)
        layers = random_layers(self.sizes, s.gain, np.random.default_rng(0))
        return Reward(layers, None if s.skill == "life" else 0, self.place.origin())

    def task(
        self, layers: Sequence[tuple[Any, Any]], skill: int | None = None, place: Any = None
    ) -> Reward:
        """A task of a learned discriminator: (weights, biases) of each layer; place: of the family
        underneath.
        """
        place = self.place.origin() if place is None else place
        return self.decode(self.encode(Reward(layers_of(layers), skill, place)))

    def origin(self) -> Reward:
        return self._origin

    def mutate(self, task: Reward, rng: np.random.Generator) -> Reward:
        """Another discriminator nearby; a niche's own skill may become another."""
        s, skill = self.settings, task.skill
        layers = moved_layers(task.layers, s.step, rng)
        if skill is not None and rng.random() < s.move:
            skill = int(rng.integers(s.skills))
        return Reward(layers, skill, task.place)

    def describe(self, task: Reward) -> np.ndarray:
        """Chances at a few states of every skill that a life may get, and what the family
        underneath says.
        """
        asked = (
            np.ones(self.settings.skills)
            if task.skill is None
            else np.eye(self.settings.skills)[task.skill]
        )
        return np.concatenate(
            [(self._probed(task) * asked).ravel(), self.place.describe(task.place)]
        )

    def _probed(self, task: Reward) -> np.ndarray:
        """Chances of every skill at a few states, [probes, skills]."""
        states = np.random.default_rng(0).uniform(-1, 1, (PROBES, self.sizes[0]))
        return self.judges([task] * PROBES, "cpu").chances(torch.from_numpy(states)).numpy()

    def encode(self, task: Reward) -> dict[str, Any]:
        layers = [[[list(row) for row in weights], list(biases)] for weights, biases in task.layers]
        place = self.place.encode(task.place)
        return to_json(
            NAME, self._realising(), {"layers": layers, "skill": task.skill, "place": place}
        )

    def decode(self, data: Mapping[str, Any]) -> Reward:
        found = from_json(NAME, data, ("layers", "skill", "place"))
        check_settings(NAME, found["settings"], self._realising())
        skill, skills = found["skill"], self.settings.skills
        if skill is not None and (type(skill) is not int or not 0 <= skill < skills):
            raise ValueError(
                f"a skill must be a number from 0 to {skills - 1}, or null, got {str(skill)[:40]!r}"
            )
        return Reward(
            checked_layers(found["layers"], self.sizes), skill, self.place.decode(found["place"])
        )

    def _realising(self) -> dict[str, Any]:
        return {name: getattr(self.settings, name) for name in REALISED_BY}

    def title(self, task: Reward) -> str:
        which = "any" if task.skill is None else f"skill {task.skill}"
        sure = self._probed(task).max(axis=1).mean()
        return (
            f"{which} of {self.settings.skills} skills in {self.settings.dynamics}, {sure:.0%} sure"
        )

    def prepare(self, say: Callable[[str], None]) -> None:
        """What takes the family underneath long the first time."""
        if ready := getattr(self.place, "prepare", None):
            ready(say)

    def simulator(self, tasks: Sequence[Reward], seeds: Sequence[int], device: str) -> Judged:
        s, drawn = self.settings, Draws(seeds).uniform("skill", 1)[:, 0]
        skills = [
            int(u * s.skills) if task.skill is None else task.skill
            for task, u in zip(tasks, drawn.tolist(), strict=True)
        ]
        inner = self.place.simulator([task.place for task in tasks], seeds, device)
        return Judged(inner, self.judges(tasks, device), skills, s, device)

    def judges(self, tasks: Sequence[Reward], device: str) -> Judges:
        """The tasks' discriminators, a row each."""
        return Judges(
            [task.layers for task in tasks], self.sizes, device, self.settings.temperature
        )

    def outline(self, task: Reward, state: Any = None) -> dict[str, list[np.ndarray]]:
        return dict(self.place.outline(task.place, state))


class Judged:
    """Simulator (poet.interfaces) that runs another and pays what the discriminators say."""

    seen: torch.Tensor  # [n, o] last

    def __init__(
        self,
        inner: Any,
        judges: Judges,
        skills: Sequence[int],
        settings: DiscriminatedSettings,
        device: str,
    ) -> None:
        self.inner, self.judges, self.settings = inner, judges, settings
        self.skill = torch.tensor(skills, dtype=torch.int64, device=device)[:, None]
        self.success = self.ended = torch.zeros(len(skills), dtype=torch.bool, device=device)

    @property
    def steps(self) -> int:
        return int(self.inner.steps)

    def reset(self) -> torch.Tensor:
        self.success = self.ended = torch.zeros_like(self.ended)
        self.seen = self.inner.reset()
        return self.seen

    def restart(self, rows: torch.Tensor, count: int | torch.Tensor = 1) -> torch.Tensor:
        self.seen = self.inner.restart(rows, count)
        self.ended, self.success = self.ended & ~rows, self.success & ~rows
        return self.seen

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        before, live = self.seen, ~self.ended
        self.seen, _, terminated, truncated = self.inner.step(actions)
        chance = self.judges.chances(self.seen).gather(1, self.skill)[:, 0]
        self.success = torch.where(live, chance >= 0.5, self.success)
        if self.settings.scores == "current":
            chance = self.judges.chances(before).gather(1, self.skill)[:, 0]
        rewards = torch.where(live, pay(chance, self.settings), 0.0)
        self.ended = terminated | truncated
        return self.seen, rewards, terminated, truncated

    def state(self, row: int) -> Any:
        return self.inner.state(row)


def pay(chance: torch.Tensor, settings: DiscriminatedSettings) -> torch.Tensor:
    """log q(z|s) - log p(z) [nats] of chances q(z|s), which are mixed with a floor; skills are all
    as likely.
    """
    s = settings
    mixed = (1 - s.skills * s.floor) * chance + s.floor
    return torch.log(mixed) + (math.log(s.skills) if s.add_p_z else 0.0)


def _underneath(s: DiscriminatedSettings) -> Any:
    """The family whose dynamics these rewards are laid over. ValueError if there is none such, or
    it shows nothing.
    """
    if s.dynamics not in FAMILIES or s.dynamics == NAME:
        names = ", ".join(name for name in FAMILIES if name != NAME)
        raise ValueError(f"dynamics must be one of {names}, got {s.dynamics!r}")
    module, family, settings = FAMILIES[s.dynamics]
    rooms = import_module(f".{module}", __package__)
    kind = getattr(rooms, settings)
    asked = {
        name: value for name in ("horizon", "episodes") if (value := getattr(s, name)) is not None
    }
    if unknown := [name for name in asked if name not in kind.__dataclass_fields__]:
        raise ValueError(f"{s.dynamics} has no setting {unknown[0]}: leave it out")
    if "threads" in kind.__dataclass_fields__:
        asked["threads"] = s.threads
    made = getattr(rooms, family)(kind(**BOUNDED.get(s.dynamics, {}), **asked))
    if made.spec.observation_size == 0:
        raise ValueError(f"in {s.dynamics} nothing is observed, so no state tells skills apart")
    if getattr(made.spec, "labels", 0):
        raise ValueError(
            f"in {s.dynamics} no action changes what is observed, so no skill can be told"
        )
    return made
