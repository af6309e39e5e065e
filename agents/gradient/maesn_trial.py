"""MAESN's policy in trials driven from outside (metaworld_protocol.TrialPolicy)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from ..parts.latent_trial import Latent, LatentPolicyFunction, LatentTrialPolicy


class ExploringTrialPolicy(LatentTrialPolicy):
    """MAESN's: the belief is moved up the return, by the episodes between two calls of adapt.

    moved: latents after an inner step, from latents, epsilon [n, episodes, d], returns [n,
    episodes], updates so far.
    """

    def __init__(
        self,
        belief: Mapping[str, torch.Tensor],
        act: LatentPolicyFunction,
        moved: Callable[[Latent, torch.Tensor, torch.Tensor, int], Latent],
        gamma: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__(belief, lambda state: (state["mean"], state["log_std"]), act, generator)
        self._moved, self._gamma, self._updates = moved, gamma, 0
        # z, return
        self._met: list[list[tuple[torch.Tensor, torch.Tensor]]] = [[] for _ in self.state["z"]]
        zero = torch.zeros_like(self.state["z"][:, 0])
        self.state |= {"return": zero, "discount": zero + 1}

    def begin(self, rows: torch.Tensor) -> None:
        super().begin(rows)
        s = self.state
        begun = {
            "return": torch.where(rows, 0.0, s["return"]),
            "discount": torch.where(rows, 1.0, s["discount"]),
        }
        self.state = {**s, **begun}

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        s = self.state
        total = s["return"] + s["discount"] * rewards.float()
        self.state = {**s, "return": total, "discount": s["discount"] * self._gamma}
        for row in ended.nonzero()[:, 0].tolist():
            self._met[row].append((s["z"][row], total[row]))

    def adapt(self) -> None:
        """An inner step on the episodes that ended since the last; ValueError if there are not two
        of each draw.
        """
        count = min(map(len, self._met))
        if count < 2:
            raise ValueError(f"a latent is moved by at least 2 episodes of each draw, got {count}")
        z, returns = (
            torch.stack(
                [torch.stack([episode[part] for episode in row[:count]]) for row in self._met]
            )
            for part in (0, 1)
        )
        mean, log_std = self._believed(self.state)
        epsilon = (z - mean[:, None]) / log_std.exp()[:, None]
        mean, log_std = self._moved((mean, log_std), epsilon, returns, self._updates)
        self.state = {**self.state, "mean": mean, "log_std": log_std}
        self._updates, self._met = self._updates + 1, [[] for _ in self._met]
