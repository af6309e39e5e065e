"""EPG's learned loss: scores each step given a context vector of all steps of the trial.

Houthooft et al. 2018, "Evolved Policy Gradients" (arXiv 1802.04821), with the architecture of the
authors' code, 9,857 parameters at Hopper's sizes: temporal convolutions, averaged over time, give
the context; a small network maps a step and the context to a number. Parameters lead with the axis
[m], members of a population, so convolutions are matrix products on unfolded windows.
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
    """A function of one flat parameter vector, whose parts shapes() lists. features: of a step."""

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
    def min_steps(self) -> int:
        """The number of steps that the convolutions need at least."""
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
        """Loss of each member [m]: the mean over its alive steps.

        phi: [m, parameters]; steps: [m, s, features - memory]; alive: [m, s]; memory: [m, memory].
        """
        p = self._named(phi)
        tiled = memory[:, None].expand(-1, steps.shape[1], -1)
        # The memory's gradient flows through the score of each step only, not through the context
        # (the authors' code).
        x = torch.cat([steps, tiled.detach()], 2) * alive[..., None]
        # zeros before a trial's first step
        x = torch.nn.functional.pad(x, (0, 0, max(0, self.min_steps - x.shape[1]), 0))
        for layer, (kernel, stride) in enumerate(
            zip(self.config.kernels, self.config.strides, strict=True)
        ):
            x = leaky_relu(_apply(p, f"conv{layer}", x.unfold(1, kernel, stride).flatten(2)))
        context = _apply(p, "context", x.mean(1, keepdim=True)).expand(-1, steps.shape[1], -1)
        joined = leaky_relu(_apply(p, "join", torch.cat([steps, tiled, context], 2)))
        scores = _apply(p, "judge", joined)[..., 0]
        return (scores * alive).sum(1) / alive.sum(1)

    def _named(self, phi: torch.Tensor) -> dict[str, torch.Tensor]:
        """The parts of phi [m, parameters] by name, [m, *shape]."""
        shapes = self.shapes()
        parts = phi.split([math.prod(shape) for shape in shapes.values()], 1)
        named = zip(shapes.items(), parts, strict=True)
        return {name: part.reshape(-1, *shape) for (name, shape), part in named}


def _linear(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _apply(p: dict[str, torch.Tensor], name: str, x: torch.Tensor) -> torch.Tensor:
    """A linear layer: [m, n, outputs] of x [m, n, inputs]."""
    return x @ p[f"{name}.weight"].mT + p[f"{name}.bias"][:, None]
