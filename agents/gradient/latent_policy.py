"""MAESN's policy: a network with the latent of the episode as further inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..parts.actions import Actions, Gaussian, actions_of
from ..parts.feedforward import Feedforward
from ..ppo.raw_policy import raw_policy
from ..rollouts.episode_batches import ActFunction

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Spec

Weights = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class LatentPolicy:
    """Parameters of an action distribution from observations and a latent of `latent` dimensions.

    action_std: the initial standard deviation of continuous actions. latent_gain: of the latent's
    initial weights in the first layer.
    """

    network: Feedforward
    actions: Actions
    latent: int
    action_std: float
    latent_gain: float

    @classmethod
    def of(cls, spec: Spec, hidden: tuple[int, ...], latent: int, **initial: float) -> LatentPolicy:
        """A policy of the family's sizes. initial: action_std and latent_gain."""
        network = Feedforward((spec.observation_size + latent, *hidden, spec.action_size))
        actions = actions_of(spec.action_size, getattr(spec, "discrete", False))
        return cls(network, actions, latent, **initial)

    def init(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """Random weights; the mean actions are near zero."""
        weights = self.network.init(rng, readout_scale=0.1)
        weights["w0"][:, -self.latent :] *= self.latent_gain
        if isinstance(self.actions, Gaussian):
            weights["log_std"] = torch.full((self.actions.size,), math.log(self.action_std))
        return weights

    def from_ppo(self, agent: Agent) -> dict[str, torch.Tensor]:
        """The weights of a PPO agent's policy, and random ones of the latent, which are the same
        for every agent. ValueError if its layers differ.
        """
        inputs, *units = self.network.sizes
        weights = raw_policy(agent, Feedforward((inputs - self.latent, *units)))
        random = self.init(np.random.default_rng(0))["w0"][:, -self.latent :]
        return {**weights, "w0": torch.cat([weights["w0"], random], 1)}

    def outputs(
        self, weights: Weights, observations: torch.Tensor, z: torch.Tensor
    ) -> torch.Tensor:
        """Parameters of the action distribution [..., n, k].

        observations: [..., n, o]; z: [n, d].
        """
        inputs = torch.cat([observations, z.expand(*observations.shape[:-1], -1)], -1)
        outputs = self.network(weights, inputs)
        if isinstance(self.actions, Gaussian):
            outputs = torch.cat([outputs, weights["log_std"].expand_as(outputs)], -1)
        return outputs

    def act(self, weights: Weights, z: torch.Tensor, noise: torch.Generator) -> ActFunction:
        """Samples actions of n episodes with latents z [n, d]."""

        def act(observations: torch.Tensor, t: int) -> torch.Tensor:
            uniform = torch.rand(len(z), self.actions.size, generator=noise).to(z.device)
            return self.actions.sample(self.outputs(weights, observations, z), uniform)

        return act
