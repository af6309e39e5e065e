"""MAESN's policy in trials that are simulated elsewhere (metaworld_protocol.TrialPolicy)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from ..parts.latent_trial import Latent, LatentPolicyFunction, LatentTrialPolicy
from ..rollouts.episode_batches import limited

# (latents, epsilon [n, episodes, d], returns [n, episodes], updates so far) -> latents
LatentUpdate = Callable[[Latent, torch.Tensor, torch.Tensor, int], Latent]


class ExploringTrialPolicy(LatentTrialPolicy):
    """`adapt` moves mean and log std of the latents up the return of the episodes since the last.

    beliefs: `mean` and `log_std`, [n, d] each. update: one inner step. gamma: discount.
    reward_limit: see Batch.limited.
    """

    def __init__(
        self,
        beliefs: Mapping[str, torch.Tensor],
        act: LatentPolicyFunction,
        update: LatentUpdate,
        gamma: float,
        generator: torch.Generator,
        *,
        reward_limit: float = 0.0,
    ) -> None:
        super().__init__(beliefs, lambda state: (state["mean"], state["log_std"]), act, generator)
        self._update, self._gamma, self._updates = update, gamma, 0
        self._limit = reward_limit
        # (z, return) of each finished episode, by row
        self._episodes: list[list[tuple[torch.Tensor, torch.Tensor]]]
        self._episodes = [[] for _ in self.state["z"]]
        zero = torch.zeros_like(self.state["z"][:, 0])
        self.state |= {"return": zero, "discount": zero + 1}

    def begin(self, rows: torch.Tensor) -> None:
        super().begin(rows)
        s = self.state
        reset = {
            "return": torch.where(rows, 0.0, s["return"]),
            "discount": torch.where(rows, 1.0, s["discount"]),
        }
        self.state = {**s, **reset}

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        s = self.state
        total = s["return"] + s["discount"] * limited(rewards.float(), self._limit)
        self.state = {**s, "return": total, "discount": s["discount"] * self._gamma}
        for row in ended.nonzero()[:, 0].tolist():
            self._episodes[row].append((s["z"][row], total[row]))

    def adapt(self) -> None:
        """One inner step on the episodes that ended since the last.

        ValueError unless at least two have ended in each row.
        """
        count = min(map(len, self._episodes))
        if count < 2:
            raise ValueError(
                f"an update of the latents needs at least 2 episodes of each draw, got {count}"
            )
        z, returns = (
            torch.stack([torch.stack([one[part] for one in row[:count]]) for row in self._episodes])
            for part in (0, 1)
        )
        mean, log_std = self._latent_distribution(self.state)
        epsilon = (z - mean[:, None]) / log_std.exp()[:, None]
        mean, log_std = self._update((mean, log_std), epsilon, returns, self._updates)
        self.state = {**self.state, "mean": mean, "log_std": log_std}
        self._updates, self._episodes = self._updates + 1, [[] for _ in self._episodes]
