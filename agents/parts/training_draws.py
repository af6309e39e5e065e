"""Fixed training draws of an agent: seeds of its task, each with its own latent or replay lane.

They come from the key of the agent's first improvement in a niche and stay the same there, so that
they differ between runs and niches while each latent or lane keeps its draw. Evaluation uses other
draws.
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
    """Placeholders of an agent that has not been improved in its niche yet, [count] int64."""
    return {NAME: torch.full((count,), NOT_DRAWN)}


def missing(agent: Agent) -> bool:
    return bool((agent[NAME] == NOT_DRAWN).any())


def drawn(count: int, key: Key) -> dict[str, torch.Tensor]:
    """New draws from the key, [count] int64."""
    return {NAME: torch.tensor(draw_seeds(key.child("draws"), count))}


def seeds(agent: Mapping[str, torch.Tensor]) -> list[int]:
    """The draws' seeds. ValueError if none have been drawn."""
    if missing(agent):
        raise ValueError("the agent has no training draws yet: improve it in a task first")
    return agent[NAME].tolist()
