"""Policies without memory that adapt by policy gradient; trials lie on a leading axis of every
parameter.

REINFORCE with a baseline: return to go, less its mean at that step over the episodes of a trial,
over their deviation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..parts.actions import Actions, Gaussian, actions_of
from ..parts.feedforward import Feedforward
from ..rollouts.episode_batches import ActFunction, Batch, streams

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Spec

Parameters = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Policy:
    network: Feedforward
    actions: Actions
    gamma: float = 1.0
    # what was done under another policy has no gradient for this one: each update plays anew
    keeps_examples = False

    @classmethod
    def of(cls, spec: Spec, hidden: tuple[int, ...], gamma: float = 1.0) -> Policy:
        """That of a family."""
        network = Feedforward((spec.observation_size, *hidden, spec.action_size))
        return cls(network, actions_of(spec.action_size, getattr(spec, "discrete", False)), gamma)

    def init(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """One policy, without the leading axis; it acts near zero."""
        weights = self.network.init(rng, readout_scale=0.1)
        if isinstance(self.actions, Gaussian):
            weights["log_std"] = torch.zeros(self.actions.size)
        return weights

    def said(self, weights: Parameters, observations: torch.Tensor) -> torch.Tensor:
        """What each trial's policy says at its observations [trials, n, o]."""
        said = self.network(weights, observations)
        if isinstance(self.actions, Gaussian):
            said = torch.cat([said, weights["log_std"][:, None].expand_as(said)], -1)
        return said

    def act(self, weights: Parameters, noise: torch.Tensor) -> ActFunction:
        """noise: [t, trials, side, a] uniform in [0, 1)."""

        def act(observations: torch.Tensor, t: int) -> torch.Tensor:
            said = self.said(weights, observations.unflatten(0, noise.shape[1:3]))
            return self.actions.sample(said, noise[t]).flatten(0, 1)

        return act

    def losses(self, weights: Parameters, batch: Batch) -> torch.Tensor:
        """[trials]: minus the mean of advantage x log probability, whose slope is the policy
        gradient's.
        """
        num_trials = len(weights["w0"])
        log_probs = self.actions.log_prob(
            self.said_along(weights, batch), streams(batch.actions, num_trials)
        )
        return self._mean(-log_probs * self._gain(batch, num_trials), batch, num_trials)

    def ratio_losses(self, weights: Parameters, batch: Batch, old: torch.Tensor) -> torch.Tensor:
        """[trials]: as losses, with the ratio of probabilities to those of `old` (said_along)
        instead of the logarithm.

        The slope is the same where nothing has changed; further on it is what importance sampling
        says of the return.
        """
        num_trials = len(weights["w0"])
        actions = streams(batch.actions, num_trials)
        change = self.actions.log_prob(
            self.said_along(weights, batch), actions
        ) - self.actions.log_prob(old, actions)
        return self._mean(-change.exp() * self._gain(batch, num_trials), batch, num_trials)

    def divergences(self, weights: Parameters, batch: Batch, old: torch.Tensor) -> torch.Tensor:
        """[trials]: mean KL divergence from what `old` (said_along) says to what these policies
        say.
        """
        return self._mean(
            self.actions.kl(old, self.said_along(weights, batch)), batch, len(weights["w0"])
        )

    def said_along(self, weights: Parameters, batch: Batch) -> torch.Tensor:
        """What the policies say at all steps of their trials' episodes, [trials, side x t, k]."""
        return self.said(weights, streams(batch.observations, len(weights["w0"])))

    def _gain(self, batch: Batch, num_trials: int) -> torch.Tensor:
        return streams(batch.advantages(self.gamma, num_trials)[..., None], num_trials)[..., 0]

    def _mean(self, each: torch.Tensor, batch: Batch, num_trials: int) -> torch.Tensor:
        """Over the steps of each trial that count; each: [trials, side x t]."""
        alive = streams(batch.alive[..., None], num_trials)[..., 0]
        return (each * alive).sum(1) / alive.sum(1)
