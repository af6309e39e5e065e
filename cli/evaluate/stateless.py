"""Agents without memory."""

from __future__ import annotations

import torch


class Stateless:
    """An agent (arena.evaluation.Acting) without memory."""

    def begin(self, rows: torch.Tensor) -> None:
        """Does nothing, since the agent has no memory."""

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        """Does nothing, since the agent does not use rewards."""
