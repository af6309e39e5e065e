"""Discriminators as genomes: small networks from a state to skill probabilities.

Each row of a batch has a network of its own. A row's result must not depend on the batch, to the
last bit, which matrix products do not guarantee: sums are computed pairwise in a fixed order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch

# (weights [outputs][inputs], biases [outputs]) of each layer; tanh between them
Layer = tuple[tuple[tuple[float, ...], ...], tuple[float, ...]]
Layers = tuple[Layer, ...]

DIGITS, MOST = 4, 100.0  # decimals of a parameter; its largest absolute value
LARGEST = 20_000  # parameters of a genome


def size_of(sizes: Sequence[int]) -> int:
    """Number of parameters of a discriminator with these layer sizes."""
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))


def layers_of(values: Sequence[tuple[Any, Any]]) -> Layers:
    """Layers from (weights, biases) of any numeric type, clipped to the range and rounded."""
    return tuple(
        (tuple(_fitted(row) for row in weights), _fitted(biases)) for weights, biases in values
    )


def _fitted(row: Sequence[float]) -> tuple[float, ...]:
    # -0.0 becomes 0.0
    return tuple(round(min(max(float(x), -MOST), MOST), DIGITS) + 0.0 for x in row)


def random_layers(sizes: Sequence[int], gain: float, rng: np.random.Generator) -> Layers:
    """Normal weights with standard deviation gain / sqrt(inputs), zero biases: at the state 0 all
    skills have the same probability.
    """
    return layers_of(
        [
            (rng.standard_normal((outputs, inputs)) * gain / math.sqrt(inputs), [0.0] * outputs)
            for inputs, outputs in pairwise(sizes)
        ]
    )


def moved_layers(layers: Layers, step: float, rng: np.random.Generator) -> Layers:
    """Every parameter plus a normal step with standard deviation `step`."""
    moved = []
    for weights, biases in layers:
        table, row = np.array(weights), np.array(biases)
        moved.append(
            (
                table + step * rng.standard_normal(table.shape),
                row + step * rng.standard_normal(row.shape),
            )
        )
    return layers_of(moved)


def checked_layers(data: Any, sizes: Sequence[int]) -> Layers:
    """The layers from their JSON. ValueError, one line, for other sizes or parameters out of
    range.
    """
    shapes = list(pairwise(sizes))
    fits = isinstance(data, list) and len(data) == len(shapes)
    fits = fits and all(
        isinstance(layer, list)
        and len(layer) == 2
        and all(isinstance(part, list) and len(part) == outputs for part in layer)
        and all(isinstance(row, list) and len(row) == inputs for row in layer[0])
        for layer, (inputs, outputs) in zip(data, shapes, strict=True)
    )
    if not fits:
        raise ValueError(
            f"a discriminator needs [weights, biases] of layers from {' to '.join(map(str, sizes))}"
        )
    for weights, biases in data:
        for value in (x for row in (*weights, biases) for x in row):
            if type(value) not in (int, float) or not abs(value) <= MOST:
                raise ValueError(
                    f"a discriminator's weight must be a number of at most {MOST}, got "
                    f"{str(value)[:40]!r}"
                )
    return layers_of(data)


class Discriminators:
    """The discriminators of n rows. temperature: divisor of the logits."""

    def __init__(
        self,
        networks: Sequence[Layers],
        sizes: Sequence[int],
        device: str,
        temperature: float = 1.0,
    ) -> None:
        self.temperature = temperature
        distinct = {network: i for i, network in enumerate(dict.fromkeys(networks))}
        rows = torch.tensor([distinct[network] for network in networks], dtype=torch.int64)
        self.layers: list[tuple[torch.Tensor, torch.Tensor]] = []
        for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
            weights = torch.tensor([n[layer][0] for n in distinct], dtype=torch.float64).reshape(
                -1, outputs, inputs
            )
            biases = torch.tensor([n[layer][1] for n in distinct], dtype=torch.float64).reshape(
                -1, outputs
            )
            self.layers.append((weights[rows].to(device), biases[rows].to(device)))

    def probabilities(self, states: torch.Tensor) -> torch.Tensor:
        """q(skill | state), [n, skills] float64, of states [n, o]."""
        x = states.double()
        for i, (weights, biases) in enumerate(self.layers):
            x = torch.tanh(x) if i else x
            x = pairwise_sum(weights * x[:, None]) + biases
        return torch.softmax(x / self.temperature, -1)


def pairwise_sum(terms: torch.Tensor) -> torch.Tensor:
    """The sum along the last axis, in an order that depends only on its length."""
    while terms.shape[-1] > 1:
        half = (terms.shape[-1] + 1) // 2
        rest = terms.shape[-1] - half
        terms = torch.cat([terms[..., :rest] + terms[..., half:], terms[..., rest:half]], -1)
    return terms[..., 0]
