"""PEARL's policy in trials that are simulated elsewhere (metaworld_protocol.TrialPolicy)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from ..parts.latent_trial import Latent, LatentPolicyFunction, LatentTrialPolicy


class InferringTrialPolicy(LatentTrialPolicy):
    """Every transition adds a factor to the context from which the next episode's z is sampled.

    factors: what transitions [n, (s, a, r)] add to the parts of the context, by name. pending: size
    of (s, a, r) where transitions are (s, a, r, s'), else 0. s' is known at the next action, so
    that an episode's last transition, which another episode's observation follows, adds nothing.
    """

    def __init__(
        self,
        context: Mapping[str, torch.Tensor],
        latent_distribution: Callable[[Mapping[str, torch.Tensor]], Latent],
        act: LatentPolicyFunction,
        factors: Callable[[torch.Tensor], Mapping[str, torch.Tensor]],
        generator: torch.Generator,
        *,
        pending: int = 0,
    ) -> None:
        super().__init__(context, latent_distribution, act, generator)
        self._factors, self._following = factors, pending > 0
        n = len(self.state["z"])
        if pending:
            waits = {
                "pending": torch.zeros(n, pending),
                "waiting": torch.zeros(n, dtype=torch.bool),
            }
            self.state = {**self.state, **waits}
        # observation and action of the last step, [n, o + a]
        self._last = torch.zeros(n, 0)

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        if self._following:
            transitions = torch.cat([self.state["pending"], observations], 1)
            self._add(transitions, self.state["waiting"])
            waiting = torch.zeros_like(self.state["waiting"])
            self.state = {**self.state, "waiting": waiting}
        action = super().act(observations, greedy)
        self._last = torch.cat([observations, action], 1)
        return action

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        if not self._last.shape[1]:  # no step was taken
            return
        transitions = torch.cat([self._last, rewards.float()[:, None]], 1)
        if self._following:
            self.state = {**self.state, "pending": transitions, "waiting": ~ended}
        else:
            self._add(transitions, torch.ones_like(ended))

    def adapt(self) -> None:
        """Does nothing: the context has been extended by every transition."""

    def _add(self, transitions: torch.Tensor, rows: torch.Tensor) -> None:
        """Extend the context of the rows in the mask [n] bool."""
        added = self._factors(transitions)
        extended = {name: self.state[name] + part * rows[:, None] for name, part in added.items()}
        self.state = {**self.state, **extended}
