"""Agents with their content hashes, so that an agent that has not changed is not hashed again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent


@dataclass(frozen=True)
class Hashed:
    """An agent whose hash is known for as long as nothing is written into its tensors."""

    agent: Agent
    hash: str
    changes: int

    @classmethod
    def now(cls, agent: Agent, hash: str) -> Hashed:
        return cls(agent, hash, changes(agent))


def changes(agent: Agent) -> int:
    """How often something was written into its tensors in place, as torch counts it (but for
    inference tensors).
    """
    return sum(tensor._version for tensor in agent.values() if not tensor.is_inference())
