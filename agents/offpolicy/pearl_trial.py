"""PEARL's policy in trials driven from outside (metaworld_protocol.TrialPolicy)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from ..parts.latent_trial import Latent, LatentPolicyFunction, LatentTrialPolicy


class InferringTrialPolicy(LatentTrialPolicy):
    """PEARL's: every transition adds a factor to the belief, which the next episode's z is drawn
    from.

    factors: parts that are added to the belief's, by name, from transitions [n, (s, a, r)].
    """

    def __init__(
        self,
        belief: Mapping[str, torch.Tensor],
        believed: Callable[[Mapping[str, torch.Tensor]], Latent],
        act: LatentPolicyFunction,
        factors: Callable[[torch.Tensor], Mapping[str, torch.Tensor]],
        generator: torch.Generator,
    ) -> None:
        super().__init__(belief, believed, act, generator)
        self._factors = factors
        self._did = torch.zeros(len(self.state["z"]), 0)  # observation and action of the last step

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        action = super().act(observations, greedy)
        self._did = torch.cat([observations, action], 1)
        return action

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        if self._did.shape[1]:  # a step was taken
            more = self._factors(torch.cat([self._did, rewards.float()[:, None]], 1))
            self.state = {
                **self.state,
                **{name: self.state[name] + part for name, part in more.items()},
            }

    def adapt(self) -> None:
        """Nothing is left to do: the posterior holds all that was met."""
