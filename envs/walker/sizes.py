"""Checks of kernel arguments: shapes and dtypes, which compiled code does not check."""

from __future__ import annotations

import numpy as np

ACTIONS = 4


def actions_of(actions: np.ndarray, n: int) -> np.ndarray:
    """The actions [n, 4] in their float dtype, float64 for integers. ValueError for another
    shape, or for what is not a number.
    """
    given = np.asarray(actions)
    if given.dtype.kind not in "fiub":
        raise ValueError(f"actions must be numbers, got an array of {given.dtype}")
    if given.shape != (n, ACTIONS):
        raise ValueError(f"actions must have shape [{n}, {ACTIONS}], got {list(given.shape)}")
    return given if given.dtype.kind == "f" else given.astype(np.float64)


def mask_of(mask: np.ndarray, n: int, name: str) -> np.ndarray:
    """The mask [n] bool. ValueError for another shape or dtype."""
    mask = np.asarray(mask)
    if mask.shape != (n,) or mask.dtype != bool:
        raise ValueError(
            f"{name} must be bool of shape [{n}], got {mask.dtype} of shape {list(mask.shape)}"
        )
    return mask


def rows_of(rows: np.ndarray, n: int) -> np.ndarray:
    """Sorted unique indices [k] int64 from a mask [n] bool or indices in [0, n)."""
    rows = np.asarray(rows)
    if rows.dtype == bool:
        return np.flatnonzero(mask_of(rows, n, "rows"))
    if rows.ndim != 1 or (len(rows) and rows.dtype.kind not in "iu"):
        raise ValueError(
            f"rows must be indices [k] or a mask [{n}], got {rows.dtype} {list(rows.shape)}"
        )
    if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < n:
        raise ValueError(f"rows must lie in [0, {n}), got {int(rows.min())} to {int(rows.max())}")
    return np.unique(rows).astype(np.int64)


def check_policy(arrays: tuple[np.ndarray, ...], returns: np.ndarray, n: int) -> None:
    """ValueError unless these are the arrays of `Simulator.play` (poet.interfaces) for n rows."""
    if len(arrays) != 4:
        raise ValueError(f"play needs weights, member, layout and memory, got {len(arrays)} arrays")
    weights, member, layout, memory = arrays
    _check("weights", weights, np.float32, None, None)
    _check("member", member, np.int64, n)
    _check("layout", layout, np.int64, None)
    _check("memory", memory, np.float32, n, None)
    _check("returns", returns, np.float64, n)
    if not 0 <= int(member.min()) <= int(member.max()) < len(weights):
        raise ValueError(
            f"member must lie in [0, {len(weights)}), got {int(member.min())} to "
            f"{int(member.max())}"
        )


def _check(name: str, array: np.ndarray, dtype: type, *shape: int | None) -> None:
    """ValueError unless the array has this dtype and shape. None: an axis of any length."""
    fits = array.ndim == len(shape) and all(
        w in (None, s) for s, w in zip(array.shape, shape, strict=True)
    )
    if not fits or array.dtype != dtype or not array.flags.c_contiguous:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        found = f"{array.dtype} {list(array.shape)}"
        raise ValueError(f"{name} must be contiguous {np.dtype(dtype)} [{wanted}], got {found}")
