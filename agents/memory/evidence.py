"""Evidence on which the beliefs of VariBAD (arXiv 1910.08348) are trained."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Evidence:
    """What beliefs are trained on: m sequences of t steps."""

    transitions: torch.Tensor  # [t, m, ...] inputs of the decoder beside the latent
    outcomes: torch.Tensor  # [t, m, k] to predict: rewards scaled as in training, and what follows
    alive: torch.Tensor  # [t, m] bool
    begins: torch.Tensor  # [t, m] bool: a trial begins at this step
    first: torch.Tensor  # [m, 2 latent] beliefs before the first step

    def rows(self, chosen: torch.Tensor) -> Evidence:
        """The sequences with these indices [k]."""
        return Evidence(
            self.transitions[:, chosen],
            self.outcomes[:, chosen],
            self.alive[:, chosen],
            self.begins[:, chosen],
            self.first[chosen],
        )
