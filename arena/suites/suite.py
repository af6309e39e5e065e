"""A suite: worlds of one task family, the rule by which an episode counts as solved, and a stored
list of seeds, so that every evaluation simulates the same episodes.

A world is a task in the JSON of its family. Numbers of that JSON may be drawn anew for every
episode: `draws` maps their place in it, such as "genome/roughness", to a range [low, high].
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

Rule = Literal["return", "return and success"]
Draws = Mapping[str, tuple[float, float]]
Json = dict[str, Any]


@dataclass(frozen=True)
class World:
    """task: the family's JSON. draws: range of each number that an episode draws, by its place."""

    name: str
    task: Json
    draws: Draws = field(default_factory=dict)

    def realised(self, seed: int) -> Json:
        """The JSON of the task of the episode with this seed: uniform numbers in place of those
        that are drawn.
        """
        if not self.draws:
            return self.task
        task, rng = copy.deepcopy(self.task), np.random.default_rng(seed)
        for place, (low, high) in self.draws.items():
            *path, last = steps(place)
            inner: Any = task
            for key in path:
                inner = inner[key]
            inner[last] = float(rng.uniform(low, high))
        return task


@dataclass(frozen=True)
class Suite:
    """A suite of worlds.

    version: 1, and one more whenever worlds, seeds or rule change, since results of different
    versions are not comparable. settings: of the family, in place of the run's. episodes: of an
    agent in a world, by default. solved_by: what solves an episode: a return of at least
    solved_score, or that and the simulator's success. seeds: one for each episode, the same in all
    worlds. validation: the suite on which one agent of a population is chosen; None: there is none.
    """

    name: str
    version: int
    about: str
    family: str
    settings: Mapping[str, Any]
    episodes: int
    solved_score: float
    solved_by: Rule
    seeds: tuple[int, ...]
    worlds: tuple[World, ...]
    validation: str | None = None

    def rows(self, episodes: int) -> Iterator[tuple[int, int]]:
        """World and seed of each episode, one world after another.

        ValueError if the suite has not so many seeds.
        """
        if not 1 <= episodes <= len(self.seeds):
            raise ValueError(
                f"the suite {self.name} has {len(self.seeds)} seeds, one an episode, got "
                f"--episodes {episodes}"
            )
        for world in range(len(self.worlds)):
            for seed in self.seeds[:episodes]:
                yield world, seed

    def first(self, worlds: int) -> Suite:
        """The suite of the first worlds, under a name and hash of its own; itself if it is whole.

        ValueError if the suite has not so many worlds.
        """
        count = len(self.worlds)
        if not 1 <= worlds <= count:
            raise ValueError(
                f"--worlds must be from 1 to {count}, the worlds of the suite {self.name}, got "
                f"{worlds}"
            )
        if worlds == count:
            return self
        return replace(self, name=f"{self.name}-first-{worlds}", worlds=self.worlds[:worlds])

    def solved(self, returns: np.ndarray, success: np.ndarray) -> np.ndarray:
        """Whether each episode is solved, bool; returns float64 and success bool of one shape."""
        reached = returns >= self.solved_score
        return reached if self.solved_by == "return" else reached & success

    @property
    def sha256(self) -> str:
        """Of all that determines results; `about` is left out."""
        parts = {**to_json(self), "about": ""}
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def steps(place: str) -> list[str | int]:
    """The keys of a place: "genome/gap/1" is ["genome", "gap", 1]."""
    return [int(key) if key.isdecimal() else key for key in place.split("/")]


def to_json(suite: Suite) -> Json:
    """The form of a suite's file; consecutive seeds are kept as the first and their number."""
    return {
        "name": suite.name,
        "version": suite.version,
        "about": suite.about,
        "family": suite.family,
        "settings": dict(suite.settings),
        "episodes": suite.episodes,
        "solved_score": suite.solved_score,
        "solved_by": suite.solved_by,
        "validation": suite.validation,
        "seeds": _seeds_json(suite.seeds),
        "worlds": [
            {"name": world.name, "task": world.task}
            | ({"draws": {k: list(v) for k, v in world.draws.items()}} if world.draws else {})
            for world in suite.worlds
        ],
    }


def _seeds_json(seeds: Sequence[int]) -> list[int] | Json:
    if len(seeds) > 1 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return {"first": seeds[0], "count": len(seeds)}
    return list(seeds)
