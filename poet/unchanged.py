"""A check that a call does not change agents in place, by comparing their bytes before and after.

An agent that changes after it was committed differs from its file, so that a resumed run would
differ from the uninterrupted one. torch counts writes into a tensor (`_version`), but not those
through `.numpy()` or `.data`. The check costs a copy and a comparison of each agent of a call
(docs/poet.md has numbers).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from .interfaces import Agent


@contextmanager
def unchanged(agents: Sequence[Agent], method: str) -> Iterator[None]:
    """ValueError, one line, if the block changes one of the agents. method: the name of the method
    called in the block, for the message.
    """
    distinct = {id(agent): agent for agent in agents}.values()
    before = [
        (agent, {name: tensor.detach().clone() for name, tensor in agent.items()})
        for agent in distinct
    ]
    yield
    for agent, kept in before:
        if (name := _changed(agent, kept)) is not None:
            raise ValueError(
                f"{method} changed an agent in place (its tensor {name!r}): it must leave its "
                "arguments as they are; write into a clone() of the tensor and return that"
            )


def _changed(agent: Agent, kept: Agent) -> str | None:
    """The first name whose tensors differ in bytes, dtype or shape; None if there is none."""
    for name in sorted({*agent, *kept}):
        if name not in agent or name not in kept or not _same(agent[name], kept[name]):
            return name
    return None


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    # by bytes: equal floats can have different bytes (0.0 and -0.0), and NaN differs from itself
    return torch.equal(_bytes(one), _bytes(other))


def _bytes(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)
