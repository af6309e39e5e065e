"""MFEC: model-free episodic control, which does again what once went best. There is no gradient in
it at all.

Blundell, Uria, Pritzel, Li, Ruderman, Leibo, Rae, Wierstra & Hassabis 2016 (arXiv 1606.04460). Of
each action a memory holds the best return that ever followed it where an observation looked like
this; what was never seen is worth the mean of its nearest neighbours. Keys are a random projection
that an agent is born with. An episode that ran out of time counts for what it paid, as in the
paper: only observed returns are stored, and none is bootstrapped.
In a deterministic task what is stored is never above the optimal value and never falls. Where
chance pays it is too
high by design, the best of many draws: so too where a task hides a different MDP in each trial,
unless the memory is the trial's alone (`table`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from .episodic_config import MFECConfig
from .episodic_control import EpisodeRecord, EpisodicControl
from .episodic_memory import Found, one_or_mean

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, TaskFamily
    from openpoet.poet.streams import Key


class MFEC(EpisodicControl[MFECConfig]):
    def __init__(self, family: TaskFamily, config: MFECConfig | None = None) -> None:
        super().__init__(family, config or MFECConfig())

    def init(self, key: Key) -> Agent:
        """A projection, and memories of nothing."""
        shape = self.family.spec.observation_size, self.config.key
        normal = key.generator().standard_normal(shape) / math.sqrt(self.config.key)
        return {"projection": torch.from_numpy(normal).float(), **self.no_memories()}

    def adopt(self, agent: Agent) -> Agent:
        """All of it: the memories are what it has learned."""
        return {name: tensor.clone() for name, tensor in agent.items()}

    def keys(self, agent: Agent, observations: torch.Tensor) -> torch.Tensor:
        return observations @ agent["projection"]

    def weights(self, found: Found) -> torch.Tensor:
        return one_or_mean(found, self.config.same)

    def targets(self, episode: EpisodeRecord) -> torch.Tensor:
        return episode.batch.discounted(self.config.gamma)

    def merge(self, old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        return torch.maximum(old, new)
