"""MFEC: model-free episodic control, a non-parametric method that repeats the best known actions.

Blundell et al. 2016, "Model-Free Episodic Control" (arXiv 1606.04460). For each action a memory
maps keys of observations to the highest return observed after that action. The value of a key that
is not stored is the mean over its nearest neighbours. Keys are a random projection of the
observation, drawn when the agent is created. There are no gradients. As in the paper only observed
returns are stored: an episode cut by the time limit is not bootstrapped.

In a deterministic task the stored values never decrease and never exceed the optimal values. With
stochastic rewards they are biased upwards, since they are maxima over samples. The same holds where
each trial draws a different MDP, unless the memories are reset in each trial (`table = "trial"`).
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
    """Learner (poet.interfaces); see `EpisodicControl` for its arguments and errors."""

    def __init__(self, family: TaskFamily, config: MFECConfig | None = None) -> None:
        super().__init__(family, config or MFECConfig.suggested(family.spec))

    def init(self, key: Key) -> Agent:
        """A random projection [o, key], and empty memories."""
        shape = self.family.spec.observation_size, self.config.key
        normal = key.generator().standard_normal(shape) / math.sqrt(self.config.key)
        return {"projection": torch.from_numpy(normal).float(), **self.empty_memories()}

    def adopt(self, agent: Agent) -> Agent:
        """A copy of the agent, its memories included."""
        return {name: tensor.clone() for name, tensor in agent.items()}

    def keys(self, agent: Agent, observations: torch.Tensor) -> torch.Tensor:
        return observations @ agent["projection"]

    def weights(self, found: Found) -> torch.Tensor:
        return one_or_mean(found, self.config.same)

    def targets(self, episode: EpisodeRecord) -> torch.Tensor:
        return episode.batch.discounted(self.config.gamma)

    def merge(self, old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        return torch.maximum(old, new)
