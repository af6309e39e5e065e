"""Networks that learn from labels, in families that have them; parameters lead with [trials].

They have no memory, so the last label, which the family appends to the next observation, is not an
input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..parts.feedforward import Feedforward
from ..rollouts.episode_batches import ActFunction, Batch, flatten_trials

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Spec

Parameters = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Regressor:
    network: Feedforward
    labels: int
    # predictions do not change the observations: a trial's first examples serve all its updates
    keeps_examples = True

    @classmethod
    def of(cls, spec: Spec, hidden: tuple[int, ...]) -> Regressor:
        """A regressor of the family's sizes."""
        inputs = spec.observation_size - spec.labels
        return cls(Feedforward((inputs, *hidden, spec.labels)), spec.labels)

    def init(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """One network's weights, without the leading axis."""
        return self.network.init(rng)

    def act(self, weights: Parameters, noise: torch.Tensor) -> ActFunction:
        """The predictions. noise: [t, trials, per_trial, a], of which only the shape is used."""

        def act(observations: torch.Tensor, t: int) -> torch.Tensor:
            inputs = observations[:, : -self.labels].unflatten(0, noise.shape[1:3])
            return self.network(weights, inputs).flatten(0, 1)

        return act

    def losses(self, weights: Parameters, batch: Batch) -> torch.Tensor:
        """[trials]: mean squared error over the examples of a trial."""
        num_trials = len(weights["w0"])
        inputs = flatten_trials(batch.observations[..., : -self.labels], num_trials)
        targets = flatten_trials(batch.labels(self.labels), num_trials)
        error = ((self.network(weights, inputs) - targets) ** 2).sum(2)
        alive = flatten_trials(batch.alive[..., None], num_trials)[..., 0]
        return (error * alive).sum(1) / alive.sum(1)
