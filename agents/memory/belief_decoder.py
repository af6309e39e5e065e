"""The decoder of VariBAD (arXiv 1910.08348): what a belief predicts of a trial's transitions.

A prediction is the inner product of two networks, one of the latent m and one of the transition, so
that predicting all transitions of a trial from all its beliefs is cheap.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ..parts.feedforward import Feedforward

Weights = Mapping[str, torch.Tensor]


class BeliefDecoder:
    """latent, inputs: sizes of m and of a transition. hidden: units of the layers of both networks,
    the last the size of the product. outputs: numbers to predict of a transition.
    """

    def __init__(self, latent: int, inputs: int, hidden: tuple[int, ...], outputs: int = 1) -> None:
        self.size, self.outputs = hidden[-1], outputs
        self.latent_features = Feedforward((latent, *hidden), "answer_")
        sizes = (inputs, *hidden[:-1], hidden[-1] * outputs)
        self.transition_features = Feedforward(sizes, "question_")

    def init(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        return self.latent_features.init(rng) | self.transition_features.init(rng)

    def __call__(
        self, weights: Weights, m: torch.Tensor, transitions: torch.Tensor
    ) -> torch.Tensor:
        """Predictions [k, t, n, outputs], from m [k, n, latent] and transitions [t, n, inputs]."""
        latent = self.latent_features(weights, m)
        features = self.transition_features(weights, transitions)
        features = features.unflatten(-1, (self.outputs, self.size))
        return torch.einsum("knd,tnod->ktno", latent, features)
