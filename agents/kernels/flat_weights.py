"""Named weights of feed-forward networks as flat numbers, in the layout of layers.py, and back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import torch

from .products import padded

Named = Mapping[str, torch.Tensor]
Shapes = Mapping[str, tuple[int, ...]]


def layer_shapes(prefix: str, sizes: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Shapes of a network's weights, named as by parts.feedforward: w0 [units, inputs], b0, ..."""
    made: dict[str, tuple[int, ...]] = {}
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        made[f"{prefix}w{layer}"] = outputs, inputs
        made[f"{prefix}b{layer}"] = (outputs,)
    return made


def pack(shapes: Shapes, weights: Named) -> np.ndarray:
    """The weights [p], float32. ValueError if one is missing or has another shape or dtype."""
    parts = []
    for name, shape in shapes.items():
        if name not in weights:
            raise ValueError(f"the compiled networks need weights {name} {list(shape)}, got none")
        weight = weights[name]
        if tuple(weight.shape) != shape or weight.dtype != torch.float32:
            raise ValueError(
                f"the compiled networks need {name} {list(shape)} of torch.float32, got "
                f"{list(weight.shape)} of {weight.dtype}"
            )
        part = np.zeros([padded(size) for size in reversed(shape)], np.float32)
        part[tuple(slice(size) for size in reversed(shape))] = weight.detach().numpy().T
        parts.append(part.ravel())
    return np.concatenate(parts)


def unpack(shapes: Shapes, flat: np.ndarray) -> dict[str, torch.Tensor]:
    """The weights of flat numbers [p]."""
    weights, at = {}, 0
    for name, shape in shapes.items():
        wide = [padded(size) for size in reversed(shape)]
        end = at + int(np.prod(wide))
        part = flat[at:end].reshape(wide)[tuple(slice(size) for size in reversed(shape))]
        weights[name], at = torch.from_numpy(part.T.copy()), end
    return weights
