"""Training draws that an agent keeps: seeds of its task, each with a latent or a replay of its own.

They are drawn from the key of the agent's first improvement in a niche and stay the same there, so
that runs and niches differ while a latent or replay meets its own draw again. Scores use others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from .scoring import draw_seeds

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent
    from openpoet.poet.streams import Key

NAME = "draws/seeds"
NOT_DRAWN = -1


def none(count: int) -> dict[str, torch.Tensor]:
    """The draws of an agent that has not been improved in its niche yet, [count] int64."""
    return {NAME: torch.full((count,), NOT_DRAWN)}


def missing(agent: Agent) -> bool:
    return bool((agent[NAME] == NOT_DRAWN).any())


def drawn(count: int, key: Key) -> dict[str, torch.Tensor]:
    """Draws for the niche that the key belongs to, [count] int64."""
    return {NAME: torch.tensor(draw_seeds(key.child("draws"), count))}


def seeds(agent: Mapping[str, torch.Tensor]) -> list[int]:
    """ValueError if none have been drawn."""
    if missing(agent):
        raise ValueError("the agent has no training draws yet: improve it in a task first")
    return agent[NAME].tolist()
