"""PEARL's policy in trials that are simulated elsewhere (metaworld_protocol.TrialPolicy)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from ..parts.latent_trial import Latent, LatentPolicyFunction, LatentTrialPolicy


class InferringTrialPolicy(LatentTrialPolicy):
    """Every transition adds a factor to the context from which the next episode's z is sampled.

    factors: what transitions [n, (s, a, r)] add to the parts of the context, by name.
    """

    def __init__(
        self,
        context: Mapping[str, torch.Tensor],
        latent_distribution: Callable[[Mapping[str, torch.Tensor]], Latent],
        act: LatentPolicyFunction,
        factors: Callable[[torch.Tensor], Mapping[str, torch.Tensor]],
        generator: torch.Generator,
    ) -> None:
        super().__init__(context, latent_distribution, act, generator)
        self._factors = factors
        # observation and action of the last step, [n, o + a]
        self._last = torch.zeros(len(self.state["z"]), 0)

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        action = super().act(observations, greedy)
        self._last = torch.cat([observations, action], 1)
        return action

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        if self._last.shape[1]:  # a step was taken
            transitions = torch.cat([self._last, rewards.float()[:, None]], 1)
            added = self._factors(transitions)
            extended = {name: self.state[name] + part for name, part in added.items()}
            self.state = {**self.state, **extended}

    def adapt(self) -> None:
        """Does nothing: `observe` has already updated the context."""
