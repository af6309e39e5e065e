"""PEARL's inference network: a posterior over the latent z from transitions, in any order.

Rakelly et al. 2019 (arXiv 1903.08254), section 4. The posterior q(z | c) of a context c is the
product of the prior N(0, 1) and one Gaussian factor for each transition (s, a, r).
Differs: the prior is one of the factors, so that an empty context needs no special case.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ..parts.feedforward import Feedforward

# sums over the factors of the precisions and of mean x precision, each [draws, latent]
Context = tuple[torch.Tensor, ...]


class ContextEncoder:
    """Maps each transition to a Gaussian factor. Its weights' names begin with `encoder_`."""

    def __init__(self, transition_size: int, hidden: tuple[int, ...], latent: int) -> None:
        self.latent = latent
        self.network = Feedforward((transition_size, *hidden, 2 * latent), "encoder_")

    def init(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        return self.network.init(rng)

    def factors(self, weights: Mapping[str, torch.Tensor], transitions: torch.Tensor) -> Context:
        """Precisions and mean x precision of the factors, each [..., latent].

        transitions: [..., transition_size], the concatenation (s, a, r).
        """
        mean, variance = self.network(weights, transitions).chunk(2, -1)
        precision = 1 / torch.nn.functional.softplus(variance).clamp(min=1e-6)
        return precision, mean * precision

    def empty_context(self, draws: int, device: str) -> Context:
        """Contexts without transitions, each [draws, latent]."""
        zero = torch.zeros(draws, self.latent, device=device)
        return zero, zero


def posterior(context: Context) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and log standard deviation [draws, latent] of the prior times all factors."""
    precision = 1 + context[0]
    return context[1] / precision, -0.5 * precision.log()


def sample_latent(
    mean: torch.Tensor, log_std: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """z [draws, latent] from N(mean, std^2), by reparametrisation; noise is drawn on the CPU."""
    return mean + log_std.exp() * torch.randn(mean.shape, generator=generator).to(mean.device)
