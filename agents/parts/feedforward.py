"""Feed-forward networks on named tensors, with any leading axes of the parameters.

They are differentiated by autograd and vectorised over leading axes (members, trials). Policies of
flat parameter vectors, for evolution strategies, are in rollouts/networks.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

Parameters = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Feedforward:
    """tanh between the layers, none after the last. sizes: inputs, hidden units, outputs.

    name: prefix of the parameters' names, for agents with several networks.
    """

    sizes: tuple[int, ...]
    name: str = ""

    def init(self, rng: np.random.Generator, readout_scale: float = 1.0) -> dict[str, torch.Tensor]:
        """Uniform in +-1/sqrt(inputs of the layer), biases zero; the last layer times
        `readout_scale`.
        """
        made: dict[str, torch.Tensor] = {}
        last = len(self.sizes) - 2
        for layer in range(last + 1):
            inputs, outputs = self.sizes[layer : layer + 2]
            # nothing may be observed
            scale = (readout_scale if layer == last else 1.0) / math.sqrt(max(inputs, 1))
            made[f"{self.name}w{layer}"] = torch.from_numpy(
                rng.uniform(-scale, scale, (outputs, inputs))
            ).float()
            made[f"{self.name}b{layer}"] = torch.zeros(outputs)
        return made

    def __call__(self, p: Parameters, x: torch.Tensor) -> torch.Tensor:
        """[..., n, outputs] of x [..., n, inputs]; leading axes of parameters and x are the same,
        or none.
        """
        for layer in range(len(self.sizes) - 1):
            x = torch.tanh(x) if layer else x
            x = x @ p[f"{self.name}w{layer}"].mT + p[f"{self.name}b{layer}"].unsqueeze(-2)
        return x
