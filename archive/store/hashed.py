"""Agents with their content hashes, so that an agent that has not changed is not hashed again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent


@dataclass(frozen=True)
class Hashed:
    """An agent and its hash, valid as long as its tensors are not changed in place."""

    agent: Agent
    hash: str
    changes: int

    @classmethod
    def now(cls, agent: Agent, hash: str) -> Hashed:
        return cls(agent, hash, changes(agent))


def changes(agent: Agent) -> int:
    """Number of in-place changes of the agent's tensors, from torch's version counters, which
    inference tensors lack.
    """
    return sum(tensor._version for tensor in agent.values() if not tensor.is_inference())
