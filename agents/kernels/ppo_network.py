"""Named weights of a feed-forward actor and critic as flat numbers, in the layout of layers.py."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from .flat_weights import Named, layer_shapes, pack, unpack

LOG_STD = "log_std"


@dataclass(frozen=True)
class Architecture:
    """An actor and a critic, each with its own tanh layers.

    Weights are named as by parts.feedforward: actor_w0 [units, inputs], actor_b0 [units], ...,
    critic_w0, ..., and for continuous actions log_std [actions].

    Args:
        inputs: numbers of an observation.
        hidden: units of each hidden layer of each of the two.
        actions: number of discrete actions, or size of a continuous one.
    """

    inputs: int
    hidden: tuple[int, ...]
    actions: int
    discrete: bool

    @property
    def actor(self) -> tuple[int, ...]:
        """Sizes of the layers: inputs, hidden units, actions."""
        return (self.inputs, *self.hidden, self.actions)

    @property
    def critic(self) -> tuple[int, ...]:
        return (self.inputs, *self.hidden, 1)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each weight, in the order of the flat numbers."""
        made = layer_shapes("actor_", self.actor) | layer_shapes("critic_", self.critic)
        return made if self.discrete else {**made, LOG_STD: (self.actions,)}

    def pack(self, weights: Named) -> np.ndarray:
        """The weights [p], float32. ValueError if one is missing or has another shape or dtype."""
        return pack(self.shapes, weights)

    def unpack(self, flat: np.ndarray) -> dict[str, torch.Tensor]:
        """The weights of flat numbers [p]."""
        return unpack(self.shapes, flat)
