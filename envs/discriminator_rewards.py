"""Simulator of another family's dynamics with the rewards of discriminators (discriminated.py)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch

from .discriminator import Discriminators
from .parts.draws import seeds_by_row

if TYPE_CHECKING:
    from .discriminated import DiscriminatedSettings


class DiscriminatorRewards:
    """Simulator (poet.interfaces) that replaces another's rewards by those of discriminators.

    skills: [n] int64.
    """

    observations: torch.Tensor  # [n, o] last

    def __init__(
        self,
        inner: Any,
        discriminators: Discriminators,
        skills: Callable[[Sequence[int]], torch.Tensor],
        seeds: Sequence[int],
        settings: DiscriminatedSettings,
    ) -> None:
        self.inner, self.discriminators, self.settings = inner, discriminators, settings
        self._skills, self._seeds = skills, list(seeds)
        self.skill = skills(self._seeds)[:, None]
        self.success = self.ended = torch.zeros_like(self.skill[:, 0], dtype=torch.bool)

    @property
    def steps(self) -> int:
        return int(self.inner.steps)

    def reset(self) -> torch.Tensor:
        self.success = self.ended = torch.zeros_like(self.ended)
        self.observations = self.inner.reset()
        return self.observations

    def restart(self, rows: torch.Tensor, count: int | torch.Tensor = 1) -> torch.Tensor:
        self.observations = self.inner.restart(rows, count)
        self.ended, self.success = self.ended & ~rows, self.success & ~rows
        return self.observations

    def redraw(self, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        """Start the rows of the mask [n] bool on new realisations, of skill and dynamics."""
        for row, seed in seeds_by_row(rows, seeds):
            self._seeds[row] = seed
        self.skill = self._skills(self._seeds)[:, None]
        self.observations = self.inner.redraw(rows, seeds)
        self.ended, self.success = self.ended & ~rows, self.success & ~rows
        return self.observations

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        before, live = self.observations, ~self.ended
        self.observations, _, terminated, truncated = self.inner.step(actions)
        probability = self._probability(self.observations)
        self.success = torch.where(live, probability >= 0.5, self.success)
        if self.settings.scores == "current":
            probability = self._probability(before)
        rewards = torch.where(live, skill_reward(probability, self.settings), 0.0)
        self.ended = terminated | truncated
        return self.observations, rewards, terminated, truncated

    def _probability(self, observations: torch.Tensor) -> torch.Tensor:
        """Of each row's own skill, [n]."""
        return self.discriminators.probabilities(observations).gather(1, self.skill)[:, 0]

    def state(self, row: int) -> Any:
        return self.inner.state(row)


def skill_reward(probability: torch.Tensor, settings: DiscriminatedSettings) -> torch.Tensor:
    """log q(z|s) - log p(z) [nats] from q(z|s), which is mixed with a floor; p(z) is uniform."""
    s = settings
    mixed = (1 - s.skills * s.floor) * probability + s.floor
    return torch.log(mixed) + (math.log(s.skills) if s.add_p_z else 0.0)
