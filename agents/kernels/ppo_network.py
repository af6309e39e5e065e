"""Named weights of a feed-forward actor and critic as flat numbers, in the layout of layers.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from .products import padded

Named = Mapping[str, torch.Tensor]
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
        made: dict[str, tuple[int, ...]] = {}
        for name, sizes in (("actor_", self.actor), ("critic_", self.critic)):
            for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
                made[f"{name}w{layer}"] = outputs, inputs
                made[f"{name}b{layer}"] = (outputs,)
        return made if self.discrete else {**made, LOG_STD: (self.actions,)}

    def pack(self, weights: Named) -> np.ndarray:
        """The weights [p], float32. ValueError if one is missing or has another shape or dtype."""
        parts = []
        for name, shape in self.shapes.items():
            if name not in weights:
                raise ValueError(
                    f"the compiled networks need weights {name} {list(shape)}, got none"
                )
            weight = weights[name]
            if tuple(weight.shape) != shape or weight.dtype != torch.float32:
                raise ValueError(
                    f"the compiled networks need {name} {list(shape)} of torch.float32, got "
                    f"{list(weight.shape)} of {weight.dtype}"
                )
            part = np.zeros([padded(size) for size in reversed(shape)], np.float32)
            part[tuple(slice(size) for size in reversed(shape))] = weight.detach().numpy().T
            parts.append(part.ravel())
        return np.concatenate(parts)

    def unpack(self, flat: np.ndarray) -> dict[str, torch.Tensor]:
        """The weights of flat numbers [p]."""
        weights, at = {}, 0
        for name, shape in self.shapes.items():
            wide = [padded(size) for size in reversed(shape)]
            end = at + int(np.prod(wide))
            part = flat[at:end].reshape(wide)[tuple(slice(size) for size in reversed(shape))]
            weights[name], at = torch.from_numpy(part.T.copy()), end
        return weights
