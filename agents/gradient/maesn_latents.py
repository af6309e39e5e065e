"""MAESN's latent distribution N(mean, std^2) and its inner step.

Gupta et al. 2018 (arXiv 1802.07245).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ..parts.latent_trial import Latent
from ..parts.lifetimes import Lifetime
from ..rollouts.episode_batches import normalised

# [draws, d] each; they belong to the niche's training draws and are never transferred
LATENTS = ("latent_mean", "latent_log_std")
RATES = ("rate_mean", "rate_log_std")  # [d] each: learned step sizes
# of mean and log std; z is resampled each episode
LATENT_LIFETIMES: tuple[Lifetime, ...] = ("trial", "trial")


@dataclass(frozen=True)
class InnerStep:
    """An inner step of the training draws in an outer step."""

    before: torch.Tensor  # [draws, trajectories, d] standard normal, of the z before it
    returns: torch.Tensor  # [draws, trajectories], of the episodes with these
    after: torch.Tensor  # [draws, trajectories, d] standard normal, of the z after it

    def adapted(self, weights: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """z after the step, [draws x trajectories, d]; differentiable in latents and rates."""
        latent = weights["latent_mean"], weights["latent_log_std"]
        updated = updated_latent(weights, latent, self.before, self.returns, 0)
        return sampled_latent(updated, self.after)


def sampled_latent(latent: Latent, epsilon: torch.Tensor) -> torch.Tensor:
    """One z for each episode, [draws x trajectories, d]; epsilon: [draws, trajectories, d]."""
    return (latent[0][:, None] + epsilon * latent[1].exp()[:, None]).flatten(0, 1)


def updated_latent(
    weights: Mapping[str, torch.Tensor],
    latent: Latent,
    epsilon: torch.Tensor,
    returns: torch.Tensor,
    updates: int,
) -> Latent:
    """Mean and log std [draws, d] after one inner step.

    weights: of the agent, for RATES. epsilon: [draws, trajectories, d], of the episodes' z;
    returns: [draws, trajectories]; updates: inner steps so far. From the third step on, step sizes
    are halved each time.
    """
    advantages = normalised(returns, torch.ones_like(returns))
    mean_gradient, log_std_gradient = score_gradients(latent[1], epsilon, advantages)
    scale = 0.5 ** max(0, updates - 1)
    mean = latent[0] + scale * weights["rate_mean"] * mean_gradient
    return mean, latent[1] + scale * weights["rate_log_std"] * log_std_gradient


def score_gradients(
    log_std: torch.Tensor, epsilon: torch.Tensor, advantages: torch.Tensor
) -> Latent:
    """Score-function gradients of E[advantage] in mean and log std, [draws, d] each.

    z = mean + epsilon std. log_std: [draws, d]; epsilon: [draws, trajectories, d]; advantages:
    [draws, trajectories].
    """
    weighted = advantages[..., None] * epsilon
    mean_gradient = (weighted / log_std.exp()[:, None]).mean(1)
    return mean_gradient, (advantages[..., None] * (epsilon**2 - 1)).mean(1)
