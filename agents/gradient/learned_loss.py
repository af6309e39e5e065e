"""EPG's learned loss: a temporal convolution over a trial's steps is the context in which each of
them is judged.

Houthooft et al. 2018, "Evolved Policy Gradients" (arXiv 1802.04821), architecture of the authors'
code: at Hopper's sizes 9,857 parameters. Members lie on a leading axis; a convolution is a product
with unfolded windows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch.nn.functional import leaky_relu

from .epg_config import EPGConfig


@dataclass(frozen=True)
class LearnedLoss:
    """features: numbers a step; see shapes() for the parameters, which lie in one vector."""

    features: int
    config: EPGConfig

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the parameters in order: weights [outputs, inputs] and biases."""
        c = self.config
        made: dict[str, tuple[int, ...]] = {}
        widths = (self.features, *c.channels)
        for layer, (inputs, outputs) in enumerate(pairwise(widths)):
            made |= _linear(f"conv{layer}", inputs * c.kernels[layer], outputs)
        made |= _linear("context", widths[-1], c.context)
        return (
            made
            | _linear("join", self.features + c.context, c.units)
            | _linear("judge", c.units, 1)
        )

    @property
    def parameters(self) -> int:
        return sum(math.prod(shape) for shape in self.shapes().values())

    @property
    def shortest(self) -> int:
        """Steps that the convolutions need."""
        steps = 1
        for kernel, stride in reversed(
            list(zip(self.config.kernels, self.config.strides, strict=True))
        ):
            steps = (steps - 1) * stride + kernel
        return steps

    def init(self, generator: torch.Generator) -> torch.Tensor:
        """Uniform in +-1/sqrt(inputs), biases zero, [parameters]."""
        parts = []
        for name, shape in self.shapes().items():
            bound = 0.0 if name.endswith("bias") else 1 / math.sqrt(shape[-1])
            parts.append((2 * torch.rand(math.prod(shape), generator=generator) - 1) * bound)
        return torch.cat(parts)

    def __call__(
        self, phi: torch.Tensor, steps: torch.Tensor, alive: torch.Tensor, memory: torch.Tensor
    ) -> torch.Tensor:
        """Loss of each member [m]: mean over its steps that count.

        phi: [m, parameters]; steps: [m, s, features less memory]; alive: [m, s]; memory: [m,
        memory].
        """
        p, at = {}, 0
        for name, shape in self.shapes().items():
            p[name] = phi[:, at : at + math.prod(shape)].reshape(-1, *shape)
            at += math.prod(shape)
        tiled = memory[:, None].expand(-1, steps.shape[1], -1)
        # The context sees the memory's values; only the judgement of a step teaches it (the
        # authors' code).
        x = torch.cat([steps, tiled.detach()], 2) * alive[..., None]
        x = torch.nn.functional.pad(
            x, (0, 0, max(0, self.shortest - x.shape[1]), 0)
        )  # zeros before a trial's first step
        for layer, (kernel, stride) in enumerate(
            zip(self.config.kernels, self.config.strides, strict=True)
        ):
            x = leaky_relu(_apply(p, f"conv{layer}", x.unfold(1, kernel, stride).flatten(2)))
        context = _apply(p, "context", x.mean(1, keepdim=True)).expand(-1, steps.shape[1], -1)
        joined = leaky_relu(_apply(p, "join", torch.cat([steps, tiled, context], 2)))
        each = _apply(p, "judge", joined)[..., 0]
        return (each * alive).sum(1) / alive.sum(1)


def _linear(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _apply(p: dict[str, torch.Tensor], name: str, x: torch.Tensor) -> torch.Tensor:
    """[m, n, outputs] of x [m, n, inputs]."""
    return x @ p[f"{name}.weight"].mT + p[f"{name}.bias"][:, None]
