"""The members of one ES step as an agent and a key, from which any process can make them.

512 members of 2,804 parameters are 5.7 MB; the agent that they are perturbations of is 34 kB.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .searchers import Searcher

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent
    from openpoet.poet.streams import Key


@dataclass(frozen=True)
class StepMembers:
    """The result of a searcher's `ask` (rollouts.places.WeightSource). key: of the noise."""

    searcher: Searcher
    agent: Agent
    key: Key
    population: int

    def __len__(self) -> int:
        return self.population

    @cached_property
    def members(self) -> torch.Tensor:
        """All members, [population, parameters] float32."""
        return self.searcher.ask(self.agent, self.key)

    def make(self, members: np.ndarray) -> torch.Tensor:
        """These members [k] alone, where the searcher can make them alone."""
        if len(members) < len(self) and hasattr(self.searcher, "ask_some"):
            some: torch.Tensor = self.searcher.ask_some(self.agent, self.key, members)
            return some
        every = np.array_equal(members, np.arange(len(self)))
        return self.members if every else self.members[torch.from_numpy(members)]

    def updated_agent(self, returns: np.ndarray) -> dict[str, torch.Tensor]:
        """The agent after the searcher's update with the members' returns [population]."""
        return self.searcher.tell(self.agent, self.members, returns)

    def __reduce__(self) -> tuple[Callable[..., StepMembers], tuple[Any, ...]]:
        """Without the members. Arrays, since torch pickles a small tensor slowly."""
        arrays = {name: value.numpy() for name, value in self.agent.items()}
        return _rebuilt, (self.searcher, arrays, self.key, self.population)


def _rebuilt(
    searcher: Searcher, arrays: Mapping[str, np.ndarray], key: Key, population: int
) -> StepMembers:
    return StepMembers(searcher, agent_of(arrays), key, population)


def updated_arrays(members: StepMembers, returns: np.ndarray) -> dict[str, np.ndarray]:
    """`StepMembers.updated_agent` as arrays: a function for rollouts.places.Rollouts.each."""
    return {name: value.numpy() for name, value in members.updated_agent(returns).items()}


def agent_of(arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Tensors of an agent. Copies: what comes through Ray's object store is read-only."""
    return {name: torch.from_numpy(np.array(value)) for name, value in arrays.items()}
