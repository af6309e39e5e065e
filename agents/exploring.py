"""MAESN's agent in draws that are driven from outside: a latent held for an episode, moved after some of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from .maesn import MAESN


class Exploring:
    """Life (metaworld_protocol) of n draws, each with a latent that starts from the prior."""

    hears_rewards = False

    def __init__(self, learner: MAESN, weights: Mapping[str, torch.Tensor], n: int, generator: torch.Generator) -> None:
        self.learner, self.weights, self.generator, self.updates = learner, weights, generator, 0
        zero = torch.zeros(n, learner.config.latent, device=learner.config.device)
        none = torch.zeros(n, device=zero.device)
        self.state = {"mean": zero, "log_std": zero, "epsilon": zero, "return": none, "discount": none + 1}
        self._met: list[list[tuple[torch.Tensor, torch.Tensor]]] = [[] for _ in range(n)]  # epsilon, return

    def begin(self, rows: torch.Tensor) -> None:
        """Another latent of the same distribution."""
        s = self.state
        drawn = torch.randn(s["epsilon"].shape, generator=self.generator).to(s["epsilon"].device)
        new = {"epsilon": drawn, "return": torch.zeros_like(s["return"]), "discount": torch.ones_like(s["discount"])}
        self.state = {**s, **{name: torch.where(_across(rows, part), part, s[name]) for name, part in new.items()}}

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        s, actions = self.state, self.learner.actions
        noise = torch.rand(len(observations), actions.size, generator=self.generator).to(observations.device)
        z = s["mean"] if greedy else s["mean"] + s["epsilon"] * s["log_std"].exp()
        said = self.learner.said(self.weights, observations, z)
        return actions.mode(said) if greedy else actions.sample(said, noise)

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        s = self.state
        total = s["return"] + s["discount"] * rewards.float()
        self.state = s = {**s, "return": total, "discount": s["discount"] * self.learner.config.gamma}
        for row in ended.nonzero()[:, 0].tolist():
            self._met[row].append((s["epsilon"][row], total[row]))

    def adapt(self) -> None:
        """An inner step on the episodes that ended since the last; ValueError if there are not two of each draw."""
        count = min(map(len, self._met))
        if count < 2:
            raise ValueError(f"a latent is moved by at least 2 episodes of each draw, got {count}")
        epsilon, returns = (
            torch.stack([torch.stack([episode[part] for episode in row[:count]]) for row in self._met])
            for part in (0, 1)
        )
        latent = self.state["mean"], self.state["log_std"]
        mean, log_std = self.learner.moved(self.weights, latent, epsilon, returns, self.updates)
        self.state = {**self.state, "mean": mean, "log_std": log_std}
        self.updates, self._met = self.updates + 1, [[] for _ in self._met]


def _across(rows: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
    return rows.reshape(-1, *[1] * (part.dim() - 1))
