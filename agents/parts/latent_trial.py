"""Policies conditioned on a latent, in trials that are simulated elsewhere: MAESN's and PEARL's.

z is sampled when an episode begins, from the distribution that the state holds for its draw then. A
greedy policy takes that distribution's mean. Both are kept until the next episode begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

Latent = tuple[torch.Tensor, ...]  # mean and log standard deviation [n, d]
# (observations [n, o], z [n, d], greedy) -> actions [n, a]
LatentPolicyFunction = Callable[[torch.Tensor, torch.Tensor, bool], torch.Tensor]


class LatentTrialPolicy:
    """TrialPolicy (metaworld_protocol) of n draws, but for `observe` and `adapt`.

    beliefs: the parts of the state that the latent's distribution is computed from, [n, ...] each.
    """

    observes_rewards = False

    def __init__(
        self,
        beliefs: Mapping[str, torch.Tensor],
        latent_distribution: Callable[[Mapping[str, torch.Tensor]], Latent],
        act: LatentPolicyFunction,
        generator: torch.Generator,
    ) -> None:
        self._latent_distribution, self._act = latent_distribution, act
        self._generator = generator
        mean, _ = latent_distribution(beliefs)
        self.state = {**beliefs, "z": mean, "centre": mean}

    def begin(self, rows: torch.Tensor) -> None:
        if not bool(rows.any()):
            return
        mean, log_std = self._latent_distribution(self.state)
        epsilon = torch.randn(mean.shape, generator=self._generator).to(mean.device)
        begun = {"z": mean + log_std.exp() * epsilon, "centre": mean}
        kept = {
            name: torch.where(rows[:, None], part, self.state[name]) for name, part in begun.items()
        }
        self.state = {**self.state, **kept}

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        return self._act(observations, self.state["centre" if greedy else "z"], greedy)
