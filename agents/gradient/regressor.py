"""Networks that learn from labels, where a family has some; trials lie on a leading axis of every
parameter.

They have no memory, so the last label, which a family of examples shows one step late, is no input
of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..parts.feedforward import Feedforward
from ..rollouts.episode_batches import ActFunction, Batch, streams

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Spec

Parameters = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Regressor:
    network: Feedforward
    labels: int
    # a prediction does not change what is seen: a trial's first examples serve all its updates
    keeps_examples = True

    @classmethod
    def of(cls, spec: Spec, hidden: tuple[int, ...]) -> Regressor:
        """That of a family."""
        return cls(
            Feedforward((spec.observation_size - spec.labels, *hidden, spec.labels)), spec.labels
        )

    def init(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """One network, without the leading axis."""
        return self.network.init(rng)

    def act(self, weights: Parameters, noise: torch.Tensor) -> ActFunction:
        """The predictions. noise: [t, trials, side, a], of which only the shape counts."""

        def act(observations: torch.Tensor, t: int) -> torch.Tensor:
            given = observations[:, : -self.labels].unflatten(0, noise.shape[1:3])
            return self.network(weights, given).flatten(0, 1)

        return act

    def losses(self, weights: Parameters, batch: Batch) -> torch.Tensor:
        """[trials]: mean squared error over the examples of a trial."""
        num_trials = len(weights["w0"])
        said = self.network(weights, streams(batch.observations[..., : -self.labels], num_trials))
        error = ((said - streams(batch.labels(self.labels), num_trials)) ** 2).sum(2)
        alive = streams(batch.alive[..., None], num_trials)[..., 0]
        return (error * alive).sum(1) / alive.sum(1)
