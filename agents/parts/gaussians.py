"""KL divergences between Gaussians with diagonal covariance, such as beliefs and latents."""

from __future__ import annotations

import torch


def kl(
    mean: torch.Tensor, log_std: torch.Tensor, mean_q: torch.Tensor, log_std_q: torch.Tensor
) -> torch.Tensor:
    """KL(N(mean, std^2) || N(mean_q, std_q^2)) summed over the last axis."""
    ratio, apart = (2 * (log_std - log_std_q)).exp(), ((mean - mean_q) / log_std_q.exp()) ** 2
    return (0.5 * (ratio + apart - 1) - log_std + log_std_q).sum(-1)


def kl_to_prior(mean: torch.Tensor, log_std: torch.Tensor) -> torch.Tensor:
    """KL(N(mean, std^2) || N(0, 1)) summed over the last axis."""
    return kl(mean, log_std, torch.zeros_like(mean), torch.zeros_like(mean))
