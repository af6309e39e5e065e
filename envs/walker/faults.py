"""Errors of walkers that cannot be stepped: invalid actions, no reset, a fault set by a kernel."""

from __future__ import annotations

import numpy as np

from .physics import state as at


def failure(row: int, fault: int, step: int) -> RuntimeError | FloatingPointError:
    """The error to raise for the fault (state.py, FAULT) of a row at a step of its episode."""
    if fault == at.OVERFLOW:
        return RuntimeError(
            f"walker {row} was near more than {at.SLOTS} terrain shapes at step {step}, a slot "
            "overflow; its track is too finely divided, use fewer or longer edges and polygons"
        )
    body, quantity = divmod(fault - int(at.FIRST_NAN), 2)
    name = f"{at.QUANTITIES[body]} {('pose', 'velocity')[quantity]}"
    return FloatingPointError(
        f"walker {row} went NaN at step {step} ({name}); its actions were finite, so check its "
        "track"
    )


def check_finite_actions(actions: np.ndarray, rows: np.ndarray) -> None:
    """ValueError unless the actions [n, 4] of the rows [k] are finite."""
    if np.count_nonzero(np.isfinite(actions)) == actions.size:  # faster than to select rows
        return
    finite = np.isfinite(actions).all(axis=1)[rows]
    if not finite.all():
        row = int(rows[np.argmin(finite)])
        raise ValueError(f"actions must be finite, got {actions[row].tolist()} for walker {row}")


def check_reset(ages: np.ndarray, rows: np.ndarray) -> None:
    """ValueError unless all rows [k] have been reset. ages: [n] steps since reset, -1 for never."""
    if np.minimum.reduce(ages) < 0 and (ages[rows] < 0).any():
        raise ValueError(
            f"walker {int(rows[np.argmin(ages[rows])])} was never reset; call reset() first"
        )
