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

    def error(self, predicted: torch.Tensor, used: slice | torch.Tensor) -> torch.Tensor:
        """The mean squared error, halved, of pairs of a belief and an outcome of the same trial,
        before its end.

        predicted: [beliefs, t, m, k]. used: the steps of the beliefs.
        """
        trial = self.begins.cumsum(0)
        valid = self.alive[used][:, None] & self.alive & (trial[used][:, None] == trial)
        squares = (0.5 * (predicted - self.outcomes) ** 2).sum(-1)
        return (squares * valid).sum() / valid.sum().clamp(min=1)

    def rows(self, chosen: torch.Tensor) -> Evidence:
        """The sequences with these indices [k]."""
        return Evidence(
            self.transitions[:, chosen],
            self.outcomes[:, chosen],
            self.alive[:, chosen],
            self.begins[:, chosen],
            self.first[chosen],
        )
