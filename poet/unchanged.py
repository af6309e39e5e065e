"""A check that agents are not changed in place, by their bytes before and after.

An agent that changes after it was committed differs from its file, and a resumed run from the
uninterrupted one. torch counts writes into a tensor (`_version`), but not those through `.numpy()`
or `.data`. The check costs a copy and a comparison of each agent in a call, less than the call
itself reads (docs/poet.md has numbers).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from .interfaces import Agent


@contextmanager
def unchanged(agents: Sequence[Agent], method: str) -> Iterator[None]:
    """ValueError, one line, if the block changes one of the agents; method: what the block calls,
    for the message.
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
                f"{method} changed an agent in place (its tensor {name!r}): the agents it is given "
                "must stay as they "
                "are; write into a clone() of the tensor and return that"
            )


def _changed(agent: Agent, kept: Agent) -> str | None:
    """The first name under which the agents differ, bytes, dtypes or shapes; None if they do
    not.
    """
    for name in sorted({*agent, *kept}):
        if name not in agent or name not in kept or not _same(agent[name], kept[name]):
            return name
    return None


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    # equal floats may have other bytes, and NaN is not equal to itself
    return torch.equal(_bytes(one), _bytes(other))


def _bytes(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)
