"""Evidence on which the beliefs of VariBAD (arXiv 1910.08348) are trained, and the loss: the
negative evidence lower bound (ELBO).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ..parts.gaussians import kl
from ..parts.lifetimes import State
from .belief_decoder import BeliefDecoder


@dataclass(frozen=True)
class Predictions:
    """What a decoder predicts, and from what beside the latent. observations: their size.

    following: whether the decoder is given s' too. changes: whether it predicts s' - s too.
    """

    observations: int
    following: bool
    changes: bool

    def inputs(self, actions: int) -> int:
        """The size of a transition. actions: their size."""
        return self.observations + actions + self.observations * self.following

    @property
    def outputs(self) -> int:
        return 1 + self.observations * self.changes

    def transitions(
        self, inputs: torch.Tensor, actions: torch.Tensor, after: torch.Tensor
    ) -> torch.Tensor:
        """(s, a) or (s, a, s') of a trial's steps, [t, n, ...]. inputs: of the encoder."""
        parts = [inputs[..., : self.observations], actions]
        return torch.cat(parts + [after] * self.following, -1)

    def outcomes(
        self, inputs: torch.Tensor, rewards: torch.Tensor, after: torch.Tensor
    ) -> torch.Tensor:
        """The reward, and the change of the observation if it is predicted, [t, n, outputs]."""
        parts = [rewards[..., None]]
        if self.changes:
            parts.append(after - inputs[..., : self.observations])
        return torch.cat(parts, -1)


@dataclass(frozen=True)
class Evidence:
    """What beliefs are trained on: m sequences of t steps."""

    transitions: torch.Tensor  # [t, m, ...] inputs of the decoder beside the latent
    outcomes: torch.Tensor  # [t, m, k] to predict: rewards scaled as in training, and what follows
    alive: torch.Tensor  # [t, m] bool
    begins: torch.Tensor  # [t, m] bool: a trial begins at this step
    first: torch.Tensor  # [m, 2 latent] beliefs before the first step
    inputs: torch.Tensor  # [t, m, i] of the encoder
    state: State  # of the encoder before the first step, [m, h] each

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
            self.inputs[:, chosen],
            tuple(part[chosen] for part in self.state),
        )


@dataclass(frozen=True)
class ElboLoss:
    """The negative ELBO, a mean over time steps."""

    decoder: BeliefDecoder
    kl_weight: float  # of the divergence of each belief from the one before
    count: int  # beliefs of a sequence that predict, at random steps; 0: all

    def __call__(
        self,
        weights: Mapping[str, torch.Tensor],
        beliefs: torch.Tensor,
        evidence: Evidence,
        noise: torch.Generator,
    ) -> torch.Tensor:
        """The loss of beliefs [t, m, 2 latent]: means, then log standard deviations.

        noise: for the reparametrised samples of the latent, and the steps that predict.
        """
        alive, (mean, log_std) = evidence.alive, beliefs.chunk(2, -1)
        drawn = torch.randn(mean.shape, generator=noise).to(mean.device)
        used = self._predicting(len(beliefs), noise)
        m = (mean + log_std.exp() * drawn)[used]
        error = evidence.error(self.decoder(weights, m, evidence.transitions), used)
        # the belief before each step: N(0, 1) where a trial begins
        last = torch.cat([evidence.first[None], beliefs[:-1]])
        last = torch.where(evidence.begins[..., None], 0.0, last)
        divergence = (kl(mean, log_std, *last.chunk(2, -1)) * alive).sum() / alive.sum()
        # The paper sums a belief's errors over its trial, of which `error` is the mean, so the
        # divergence is divided by the trial's steps. Differs: by those of the sequence; where
        # trials have different lengths, it weighs less in short ones.
        return error + self.kl_weight * divergence / len(beliefs)

    def _predicting(self, steps: int, noise: torch.Generator) -> slice | torch.Tensor:
        """The steps whose beliefs predict."""
        if not 0 < self.count < steps:
            return slice(None)
        return torch.randperm(steps, generator=noise)[: self.count].sort().values
