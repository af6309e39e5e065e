"""Tasks whose reward comes from a discriminator, with the dynamics of another task family.

A discriminator q(z|s) classifies states by skill; the task of skill z has the reward log q(z|s) -
log p(z) per step and replaces the reward of the base family. A random discriminator gives the tasks
of unsupervised meta-RL (Gupta et al. 2018, arXiv 1806.04640, UML-RANDOM); a learned one turns
DIAYN's skills into tasks (arXiv 1802.06070; UML-DIAYN). The genome is the discriminator, so that
reward functions evolve; the skill is drawn for each trial, or fixed by the niche, and is not
observed.
Differs: q is mixed with a uniform distribution over skills, which bounds the reward from below. In
an unbounded arena a random q rewards moving away for ever, so the base family navigation gets
walls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch
from annotated_types import Interval

from openpoet.foreign_json import loads
from openpoet.settings import (
    MOST_UNITS,
    Count,
    Fraction,
    NonNegativeFloat,
    PositiveFloat,
    Settings,
    Sizes,
    Threads,
)

from .base_family import NAME, base_family
from .discriminator import (
    LARGEST,
    Discriminators,
    Layers,
    checked_layers,
    layers_of,
    moved_layers,
    random_layers,
    size_of,
)
from .discriminator_rewards import DiscriminatorRewards
from .parts.draws import Draws
from .parts.encoding import check_settings, from_json, to_json
from .parts.episodes import Spec

# Settings that are part of a task. Its fields hold the layer sizes and the base family's settings.
REALISED_BY = ("scores", "add_p_z", "floor", "temperature")
PROBES = 16  # states at which discriminators are compared


@dataclass(frozen=True)
class Reward:
    """A task: a discriminator, a skill, and a task of the base family."""

    layers: Layers
    skill: int | None  # None: drawn for every trial
    place: Any  # task of the base family


@dataclass(frozen=True)
class DiscriminatedSettings(Settings):
    dynamics: Annotated[str, "Task family that provides states and actions."] = "navigation"
    skills: Annotated[
        int, Interval(ge=2, le=MOST_UNITS), "Skills that the discriminator distinguishes."
    ] = 4
    hidden: Annotated[Sizes, "Units of each hidden layer of the discriminator."] = (16,)
    gain: Annotated[
        PositiveFloat,
        "Scale of the origin's random discriminator; large: steep, and constant elsewhere.",
    ] = 1.5
    step: Annotated[
        PositiveFloat, "Standard deviation of a mutation of the discriminator's weights."
    ] = 0.2
    skill: Annotated[
        Literal["trial", "niche"],
        "trial: every trial draws a skill. niche: a task has one, which mutations change.",
    ] = "trial"
    move: Annotated[Fraction, "Probability that a mutation changes the skill of a task."] = 0.25
    scores: Annotated[
        Literal["next", "current"], "Rewarded state: after the action (next) or before (current)."
    ] = "next"
    add_p_z: Annotated[bool, "Subtract log p(z): a state without information has reward 0."] = True
    floor: Annotated[NonNegativeFloat, "Smallest probability of every skill in every state."] = 0.01
    temperature: Annotated[
        PositiveFloat, "Divisor of the logits; above 1 it smooths a trained discriminator."
    ] = 1.0
    origin: Annotated[
        str, "JSON of the first task, as `show RUN NICHE --json` prints; empty: a random one."
    ] = ""
    horizon: Annotated[Count | None, "Steps of an episode; none: the dynamics' own."] = None
    episodes: Annotated[Count | None, "Episodes of a trial; none: the dynamics' own."] = None
    solved_share: Annotated[
        float, "Share of the largest return of an episode that is a success."
    ] = 0.5
    threads: Annotated[
        Threads | None, "Threads of the dynamics, if they use any; none: every processor."
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.floor * self.skills >= 1:
            raise ValueError(f"floor must be below 1 / skills, got {self.floor}")


class Discriminated:
    """Task family (poet.interfaces). Observations and actions are those of the base family."""

    def __init__(self, settings: DiscriminatedSettings | None = None) -> None:
        self.settings = s = settings or DiscriminatedSettings()
        self.place = base_family(s)
        spec = self.place.spec
        self.sizes = (spec.observation_size, *s.hidden, s.skills)
        if (numbers := size_of(self.sizes)) > LARGEST:
            raise ValueError(
                f"a discriminator may have at most {LARGEST} parameters; with {s.dynamics} and "
                f"these hidden layers it has {numbers}"
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
            one_hot=getattr(spec, "one_hot", False),
        ).with_thresholds(*(spec.horizon * (nats - offset) for nats in (0.1, -0.15, 0.75)))
        self._origin = self._first()

    def _first(self) -> Reward:
        s = self.settings
        if s.origin:
            try:
                data = loads(s.origin)
            except ValueError as error:
                raise ValueError(
                    f"origin must be a task's JSON, with its settings: {error}"
                ) from None
            return self.decode(data)
        layers = random_layers(self.sizes, s.gain, np.random.default_rng(0))
        return Reward(layers, None if s.skill == "trial" else 0, self.place.origin())

    def task(
        self, layers: Sequence[tuple[Any, Any]], skill: int | None = None, place: Any = None
    ) -> Reward:
        """The task of a learned discriminator.

        layers: (weights [outputs, inputs], biases [outputs]) of each layer. skill: None: drawn for
        every trial. place: a task of the base family; None: its origin.
        """
        place = self.place.origin() if place is None else place
        return self.decode(self.encode(Reward(layers_of(layers), skill, place)))

    def origin(self) -> Reward:
        return self._origin

    def mutate(self, task: Reward, rng: np.random.Generator) -> Reward:
        """A neighbour: perturbed parameters, and possibly another skill if the task fixes one."""
        s, skill = self.settings, task.skill
        layers = moved_layers(task.layers, s.step, rng)
        if skill is not None and rng.random() < s.move:
            skill = int(rng.integers(s.skills))
        return Reward(layers, skill, task.place)

    def describe(self, task: Reward) -> np.ndarray:
        """Probabilities of the task's skills at a few fixed states, and the base family's
        description.
        """
        possible = (
            np.ones(self.settings.skills)
            if task.skill is None
            else np.eye(self.settings.skills)[task.skill]
        )
        return np.concatenate(
            [(self._probed(task) * possible).ravel(), self.place.describe(task.place)]
        )

    def _probed(self, task: Reward) -> np.ndarray:
        """Probabilities of the skills at a few fixed states, [probes, skills]."""
        states = np.random.default_rng(0).uniform(-1, 1, (PROBES, self.sizes[0]))
        found = self.discriminators([task] * PROBES, "cpu").probabilities(torch.from_numpy(states))
        return found.numpy()

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
        """One-time preparation of the base family, such as compilation."""
        if ready := getattr(self.place, "prepare", None):
            ready(say)

    def simulator(
        self, tasks: Sequence[Reward], seeds: Sequence[int], device: str
    ) -> DiscriminatorRewards:
        def skills(seeds: Sequence[int]) -> torch.Tensor:
            drawn = Draws(seeds).uniform("skill", 1)[:, 0].tolist()
            chosen = [
                int(u * self.settings.skills) if task.skill is None else task.skill
                for task, u in zip(tasks, drawn, strict=True)
            ]
            return torch.tensor(chosen, dtype=torch.int64, device=device)

        inner = self.place.simulator([task.place for task in tasks], seeds, device)
        return DiscriminatorRewards(
            inner, self.discriminators(tasks, device), skills, seeds, self.settings
        )

    def discriminators(self, tasks: Sequence[Reward], device: str) -> Discriminators:
        """The discriminators of the tasks, one per row."""
        return Discriminators(
            [task.layers for task in tasks], self.sizes, device, self.settings.temperature
        )

    def outline(self, task: Reward, state: Any = None) -> dict[str, list[np.ndarray]]:
        return dict(self.place.outline(task.place, state))
