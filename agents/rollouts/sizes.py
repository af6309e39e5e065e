"""Checks of array sizes before compiled code, which does not check bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def check_array(name: str, array: np.ndarray | torch.Tensor, *shape: int | str) -> None:
    """ValueError unless it is float32 of this shape; a string stands for an axis of any length."""
    dtype, found = str(array.dtype).removeprefix("torch."), tuple(array.shape)
    fits = len(found) == len(shape) and all(
        isinstance(wanted, str) or size == wanted for size, wanted in zip(found, shape, strict=True)
    )
    if not fits or dtype != "float32":
        raise ValueError(
            f"{name} must be float32 [{', '.join(map(str, shape))}], got {dtype} {list(found)}"
        )


def check_indices(name: str, indices: np.ndarray, length: int) -> None:
    """ValueError unless these are int64 [n], each in [0, length)."""
    if indices.ndim != 1 or indices.dtype != np.int64:
        raise ValueError(f"{name} must be int64 [n], got {indices.dtype} {list(indices.shape)}")
    if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < length:
        raise ValueError(
            f"{name} must lie in [0, {length}), got {int(indices.min())} to {int(indices.max())}"
        )
