"""Named weights of soft actor-critic as flat numbers, in the layout of sac_kernel.py."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from .flat_weights import Named, layer_shapes, pack, unpack

LOG_TEMPERATURE = "log_temperature"


@dataclass(frozen=True)
class SACArchitecture:
    """A policy, two critics and perhaps an encoder, each with its own tanh layers.

    Weights are named as in offpolicy.sac: policy_w0, ..., critic_w0 with the critics on a leading
    axis, ..., encoder_w0, ..., log_temperature if it is learned.

    Args:
        observation: numbers of an observation; the latent is appended to it.
        actions: size of a continuous action.
        encoder: sizes of its layers, the last 2 latent; empty: there is none.
        learned: the temperature is learned.
    """

    observation: int
    actions: int
    hidden: tuple[int, ...]
    encoder: tuple[int, ...] = ()
    learned: bool = False

    @property
    def latent(self) -> int:
        return self.encoder[-1] // 2 if self.encoder else 0

    @property
    def policy(self) -> tuple[int, ...]:
        """Sizes of the layers: inputs, hidden units, means and log standard deviations."""
        return (self.observation + self.latent, *self.hidden, 2 * self.actions)

    @property
    def critic(self) -> tuple[int, ...]:
        return (self.observation + self.latent + self.actions, *self.hidden, 1)

    def pack(self, weights: Named) -> np.ndarray:
        """The weights [p], float32. ValueError if one is missing or has another shape or dtype."""
        return pack(self._shapes, _apart(weights))

    def unpack(self, flat: np.ndarray) -> dict[str, torch.Tensor]:
        """The weights of flat numbers [p]."""
        return _together(unpack(self._shapes, flat))

    def pack_critics(self, critics: Named) -> np.ndarray:
        """As `pack`, of the critics alone."""
        return pack(self._critics, _apart(critics))

    def unpack_critics(self, flat: np.ndarray) -> dict[str, torch.Tensor]:
        return _together(unpack(self._critics, flat))

    @property
    def _critics(self) -> dict[str, tuple[int, ...]]:
        one, two = (layer_shapes(f"{c}/critic_", self.critic) for c in range(2))
        return one | two

    @property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each weight, in the order of the flat numbers; critic 1 as 1/critic_w0, ..."""
        made = layer_shapes("policy_", self.policy) | self._critics
        made |= layer_shapes("encoder_", self.encoder)
        return made | ({LOG_TEMPERATURE: (1,)} if self.learned else {})


def _apart(weights: Named) -> dict[str, torch.Tensor]:
    """Each critic by itself."""
    made: dict[str, torch.Tensor] = {}
    for name, weight in weights.items():
        if name.startswith("critic_"):
            made |= {f"{c}/{name}": one for c, one in enumerate(weight)}
        else:
            made[name] = weight[None] if name == LOG_TEMPERATURE else weight
    return made


def _together(weights: Named) -> dict[str, torch.Tensor]:
    """The inverse of `_apart`."""
    made: dict[str, torch.Tensor] = {}
    for name, weight in weights.items():
        if name.startswith("0/"):
            own = name.removeprefix("0/")
            made[own] = torch.stack([weight, weights[f"1/{own}"]])
        elif not name.startswith("1/"):
            made[name] = weight[0] if name == LOG_TEMPERATURE else weight
    return made
