"""Gymnasium's spaces as a policy's numbers: observations float32 [o], actions float32 [a].

Source: Gymnasium (arXiv 2407.17032), its `spaces` and `spaces.flatten`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

LARGEST = 2048  # numbers of an observation: images need convolutions, which no policy here has


def observation_size(space: spaces.Space[Any]) -> int:
    """Numbers of a flattened observation. ValueError, one line, if it is an image or too large."""
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
    """The spaces of which a Dict or Tuple is made, or the space itself."""
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
    """From a policy's numbers to an action of `space`, which is a Discrete or a bounded Box.

    size: numbers a policy gives, one an action of a Discrete or one an entry of a Box.
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
        """The action for the numbers float32 [a].

        Discrete: the place of the largest. Box: [-1, 1] mapped to [low, high] entry by entry;
        numbers beyond are clipped.
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
