"""Conversion of Gymnasium's spaces: observations to float32 [o], actions from float32 [a].

Source: Gymnasium (arXiv 2407.17032), its `spaces` and `spaces.flatten`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

LARGEST = 2048  # size of an observation; larger ones are images, and no policy has convolutions


def observation_size(space: spaces.Space[Any]) -> int:
    """Size of a flattened observation. ValueError, one line, if it is an image or too large."""
    try:
        size = int(spaces.flatdim(space))
    except (NotImplementedError, ValueError):
        raise ValueError(f"observations must have a fixed size, got {str(space)[:80]}") from None
    if any(len(part.shape or ()) > 2 for part in _parts(space)) or size > LARGEST:
        raise ValueError(
            f"observations must be at most {LARGEST} numbers and no images, got {size} numbers of "
            f"{str(space)[:80]}: wrap the environment so that it observes features"
        )
    return size


def _parts(space: spaces.Space[Any]) -> list[spaces.Space[Any]]:
    """The elementary spaces of a Dict or Tuple, or the space itself."""
    if isinstance(space, spaces.Dict):
        return [part for inner in space.values() for part in _parts(inner)]
    if isinstance(space, spaces.Tuple):
        return [part for inner in space for part in _parts(inner)]
    return [space]


def flattened(space: spaces.Space[Any], observation: Any) -> np.ndarray:
    """The observation as float32 [o]; Discrete ones are one-hot."""
    flat = observation if isinstance(space, spaces.Box) else spaces.flatten(space, observation)
    return np.asarray(flat, np.float32).reshape(-1)


class Actions:
    """Conversion of a policy's outputs to actions of `space`, a Discrete or a bounded Box.

    size: number of policy outputs: the actions of a Discrete, or the entries of a Box.
    """

    def __init__(self, space: spaces.Discrete | spaces.Box) -> None:
        self.space = space
        self.discrete = isinstance(space, spaces.Discrete)
        if isinstance(space, spaces.Discrete):
            self.size = int(space.n)
        else:
            self.size = int(np.prod(space.shape))
            self._low, high = space.low.astype(np.float64), space.high.astype(np.float64)
            self._half = (high - self._low) / 2

    def of(self, numbers: np.ndarray) -> Any:
        """The action for policy outputs [a] float32.

        Discrete: the index of the largest. Box: [-1, 1] mapped to [low, high] entry by entry, with
        clipping.
        """
        space = self.space
        if isinstance(space, spaces.Discrete):
            return space.start + np.int64(numbers.argmax())
        share = numbers.astype(np.float64).clip(-1.0, 1.0).reshape(space.shape) + 1.0
        return (self._low + share * self._half).astype(space.dtype).clip(space.low, space.high)


def actions_of(space: spaces.Space[Any]) -> Actions:
    """ValueError, one line, unless the space is a Discrete or a bounded Box of floats."""
    if isinstance(space, spaces.Discrete):
        return Actions(space)
    if (
        isinstance(space, spaces.Box)
        and space.is_bounded()
        and np.issubdtype(space.dtype, np.floating)
    ):
        return Actions(space)
    raise ValueError(
        f"actions must be a Discrete or a bounded Box of floats, got {str(space)[:80]}: wrap the "
        "environment"
    )
