"""Results of an evaluation: returns of agents in worlds, one number per episode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_CELLS = 10**8  # agents x worlds x episodes in a file
MOST_NAME = 200  # characters
FIELDS = ("agents", "worlds", "returns", "solved", "steps")


@dataclass(frozen=True, eq=False)
class Scores:
    """Returns of every agent in every world. Agents are compared on the same episodes: equal
    indices of world and episode have equal realisations of the world.

    Raises:
        ValueError: names that are empty or not unique, arrays of wrong shapes, or a return that is
            NaN or infinite.
    """

    agents: tuple[str, ...]
    worlds: tuple[str, ...]
    returns: np.ndarray  # [agents, worlds, episodes] float64, sum of an episode's rewards
    solved: np.ndarray  # [agents, worlds, episodes] bool, by the rule of the suite
    steps: int  # environment steps of all episodes

    def __post_init__(self) -> None:
        for kind, names in (("agents", self.agents), ("worlds", self.worlds)):
            if not names or len(set(names)) != len(names):
                raise ValueError(f"scores need {kind} with different names, got {names!r:.80}")
        shape = self.returns.shape
        wrong = len(shape) != 3 or shape[:2] != (len(self.agents), len(self.worlds))
        if wrong or shape[2] == 0 or self.solved.shape != shape:
            raise ValueError(
                f"scores of {len(self.agents)} agents in {len(self.worlds)} worlds need returns "
                f"and solved [agents, worlds, episodes], got {list(shape)} and "
                f"{list(self.solved.shape)}"
            )
        if self.returns.dtype != np.float64 or self.solved.dtype != np.bool_:
            raise ValueError(
                "scores need returns in float64 and solved in bool, got "
                f"{self.returns.dtype} and {self.solved.dtype}"
            )
        if not np.isfinite(self.returns).all():
            agent, world, episode = np.argwhere(~np.isfinite(self.returns))[0]
            raise ValueError(
                f"a return must be finite, got {self.returns[agent, world, episode]} for agent "
                f"{self.agents[agent]}, world {self.worlds[world]}, episode {episode}"
            )

    @property
    def episodes(self) -> int:
        """Episodes of an agent in a world."""
        return int(self.returns.shape[2])

    def to_json(self) -> dict[str, Any]:
        """The scores as JSON; floats keep every bit."""
        return {
            "agents": list(self.agents),
            "worlds": list(self.worlds),
            "returns": self.returns.tolist(),
            "solved": self.solved.tolist(),
            "steps": self.steps,
        }

    @classmethod
    def from_json(cls, data: Any) -> Scores:
        """The scores from their JSON. ValueError, one line, if it is not valid."""
        if not isinstance(data, Mapping) or set(data) != set(FIELDS):
            raise ValueError(f"scores are an object of {', '.join(FIELDS)}, got {data!r:.80}")
        steps = data["steps"]
        if type(steps) is not int or not 0 <= steps < 2**53:
            raise ValueError(f"scores.steps must be a whole number from 0, got {steps!r:.40}")
        return cls(
            _names(data, "agents"),
            _names(data, "worlds"),
            _array(data, "returns", "if", "numbers").astype(np.float64),
            _array(data, "solved", "b", "true or false"),
            steps,
        )


def _names(data: Mapping[str, Any], field: str) -> tuple[str, ...]:
    value = data[field]
    if not isinstance(value, list) or not all(
        isinstance(name, str) and 0 < len(name) <= MOST_NAME and name.isprintable()
        for name in value
    ):
        raise ValueError(
            f"scores.{field} must be a list of names of at most {MOST_NAME} characters, got "
            f"{value!r:.80}"
        )
    return tuple(value)


def _array(data: Mapping[str, Any], field: str, kinds: str, what: str) -> np.ndarray:
    """Nested lists [agents, worlds, episodes] as an array whose dtype is of one of the kinds."""
    refusal = ValueError(
        f"scores.{field} must be lists [agents, worlds, episodes] of {what}, got "
        f"{data[field]!r:.80}"
    )
    try:
        value = np.array(data[field])
    except ValueError:  # lists of different lengths
        raise refusal from None
    if value.dtype.kind not in kinds or value.ndim != 3 or value.size > MOST_CELLS:
        raise refusal
    return value
