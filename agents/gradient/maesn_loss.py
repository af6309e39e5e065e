"""MAESN's outer loss: minus the policy gradient's objective after the inner step, plus the latents'
divergence from the prior.

Gupta et al. 2018 (arXiv 1802.07245).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ..parts.gaussians import kl_to_prior
from ..rollouts.episode_batches import Batch
from .latent_policy import LatentPolicy
from .maesn_config import MAESNConfig
from .maesn_latents import InnerStep
from .policy_gradient import clipped

Weights = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class ExploredTrials:
    """Trials of an outer step: the inner step, the episodes after it, and the outputs there of the
    policy that played, [t, n, k].
    """

    inner: InnerStep
    after: Batch
    old: torch.Tensor


@dataclass(frozen=True)
class OuterLoss:
    """Called with weights and trials: a scalar, differentiable in the weights and the latents."""

    policy: LatentPolicy
    config: MAESNConfig

    def __call__(self, weights: Weights, trials: ExploredTrials) -> torch.Tensor:
        distance = kl_to_prior(weights["latent_mean"], weights["latent_log_std"]).mean()
        z = trials.inner.adapted(weights)
        return self.config.kl * distance - self.objective(weights, trials.after, z, trials.old)

    def objective(
        self, weights: Weights, batch: Batch, z: torch.Tensor, old: torch.Tensor
    ) -> torch.Tensor:
        """Mean over the steps of advantage x log probability + weighted entropy; a scalar.

        old: outputs of the policy that played, for clipped ratios instead of log probabilities.
        """
        c, outputs = self.config, self.policy.outputs(weights, batch.observations, z)
        advantages = batch.advantages(c.gamma, len(weights["latent_mean"]))
        log_probs = self.policy.actions.log_prob(outputs, batch.actions)
        if c.epochs == 1:
            policy_gradient = log_probs * advantages
        else:
            ratios = (log_probs - self.policy.actions.log_prob(old, batch.actions)).exp()
            policy_gradient = clipped(ratios, advantages, c.clip)
        entropy = c.entropy * self.policy.actions.entropy(outputs)
        return ((policy_gradient + entropy) * batch.alive).sum() / batch.alive.sum()
