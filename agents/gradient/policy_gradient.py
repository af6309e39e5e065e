"""Policies without memory that adapt by policy gradient; all parameters lead with [trials].

REINFORCE with a baseline (Williams 1992). Advantages are returns to go, normalised at each step
over the episodes of a trial (Batch.advantages).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..parts.actions import Actions, Gaussian, actions_of
from ..parts.feedforward import Feedforward
from ..rollouts.episode_batches import ActFunction, Batch, flatten_trials

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Spec

Parameters = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class FeedforwardPolicy:
    """A network whose outputs parametrise a distribution over actions.

    action_std: the initial standard deviation of continuous ones. std_floor: the smallest one.
    """

    network: Feedforward
    actions: Actions
    gamma: float = 1.0
    action_std: float = 1.0
    std_floor: float = 0.0
    # episodes of an earlier policy are off-policy after an update, so each update plays new ones
    keeps_examples = False

    @classmethod
    def of(cls, spec: Spec, hidden: tuple[int, ...], **settings: float) -> FeedforwardPolicy:
        """A policy of the family's sizes. settings: gamma, action_std and std_floor."""
        network = Feedforward((spec.observation_size, *hidden, spec.action_size))
        actions = actions_of(spec.action_size, getattr(spec, "discrete", False))
        return cls(network, actions, **settings)

    def init(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """One policy's weights, without the leading axis; its mean actions are near zero."""
        weights = self.network.init(rng, readout_scale=0.1)
        if isinstance(self.actions, Gaussian):
            weights["log_std"] = torch.full((self.actions.size,), math.log(self.action_std))
        return weights

    def outputs(self, weights: Parameters, observations: torch.Tensor) -> torch.Tensor:
        """Parameters of the action distribution [trials, n, k] at observations [trials, n, o]."""
        outputs = self.network(weights, observations)
        if isinstance(self.actions, Gaussian):
            log_std = self.bounded(weights)["log_std"]
            outputs = torch.cat([outputs, log_std[:, None].expand_as(outputs)], -1)
        return outputs

    def bounded(self, weights: Parameters) -> Parameters:
        """The weights with a standard deviation of at least `std_floor`."""
        if not (self.std_floor and "log_std" in weights):
            return weights
        return {**weights, "log_std": weights["log_std"].clamp(min=math.log(self.std_floor))}

    def batch_outputs(self, weights: Parameters, batch: Batch) -> torch.Tensor:
        """Outputs at all steps of each trial's episodes, [trials, per_trial x t, k]."""
        return self.outputs(weights, flatten_trials(batch.observations, len(weights["w0"])))

    def act(self, weights: Parameters, noise: torch.Tensor) -> ActFunction:
        """Samples actions. noise: [t, trials, per_trial, a] uniform in [0, 1)."""

        def act(observations: torch.Tensor, t: int) -> torch.Tensor:
            outputs = self.outputs(weights, observations.unflatten(0, noise.shape[1:3]))
            return self.actions.sample(outputs, noise[t]).flatten(0, 1)

        return act

    def losses(self, weights: Parameters, batch: Batch) -> torch.Tensor:
        """[trials]: minus the mean of advantage x log probability.

        Its gradient is the policy gradient with the sign reversed.
        """
        num_trials = len(weights["w0"])
        log_probs = self.actions.log_prob(
            self.batch_outputs(weights, batch), flatten_trials(batch.actions, num_trials)
        )
        return _masked_mean(-log_probs * self._advantages(batch, num_trials), batch)

    def ratio_losses(
        self, weights: Parameters, batch: Batch, old: torch.Tensor, clip: float = math.inf
    ) -> torch.Tensor:
        """[trials]: minus the mean of advantage x probability ratio to the outputs `old`.

        old: batch_outputs of the policies that played. At these policies the gradient equals that
        of `losses`; elsewhere this is the importance-sampling estimate of the return. clip: see
        `clipped`.
        """
        num_trials = len(weights["w0"])
        actions = flatten_trials(batch.actions, num_trials)
        new_log_probs = self.actions.log_prob(self.batch_outputs(weights, batch), actions)
        ratios = (new_log_probs - self.actions.log_prob(old, actions)).exp()
        return _masked_mean(-clipped(ratios, self._advantages(batch, num_trials), clip), batch)

    def divergences(self, weights: Parameters, batch: Batch, old: torch.Tensor) -> torch.Tensor:
        """[trials]: mean KL divergence from the outputs `old` (batch_outputs) to these policies."""
        return _masked_mean(self.actions.kl(old, self.batch_outputs(weights, batch)), batch)

    def _advantages(self, batch: Batch, num_trials: int) -> torch.Tensor:
        """[trials, per_trial x t]."""
        advantages = batch.advantages(self.gamma, num_trials)
        return flatten_trials(advantages[..., None], num_trials)[..., 0]


def clipped(ratios: torch.Tensor, advantages: torch.Tensor, clip: float) -> torch.Tensor:
    """Ratio x advantage, without what a ratio beyond 1 +- clip would gain (PPO, arXiv
    1707.06347).
    """
    return torch.minimum(ratios * advantages, ratios.clamp(1 - clip, 1 + clip) * advantages)


def _masked_mean(values: torch.Tensor, batch: Batch) -> torch.Tensor:
    """[trials]: mean of values [trials, per_trial x t] over the steps before an episode's end."""
    alive = flatten_trials(batch.alive[..., None], len(values))[..., 0]
    return (values * alive).sum(1) / alive.sum(1)
