"""What is said of a walker that cannot go on: the fault its kernel marked it with, in one line."""

from __future__ import annotations

from .physics import state as at


def failure(row: int, fault: int, step: int) -> RuntimeError | FloatingPointError:
    """The error to raise for the fault (state.py, FAULT) of a row at a step of its episode."""
    if fault == at.OVERFLOW:
        return RuntimeError(
            f"walker {row} came near more than {at.SLOTS} terrain shapes at step {step}, a slot "
            "overflow; "
            "its track is too finely divided, use fewer or longer edges and polygons"
        )
    body, quantity = divmod(fault - int(at.FIRST_NAN), 2)
    name = f"{at.QUANTITIES[body]} {('pose', 'velocity')[quantity]}"
    return FloatingPointError(
        f"walker {row} went NaN at step {step} ({name}); its actions were finite, so look at its "
        "track"
    )
