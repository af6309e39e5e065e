"""A check that the numbers of a settings dataclass are finite.

Range checks alone miss NaN: every comparison with it is false.
"""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any


def check_finite(settings: Any) -> None:
    """ValueError, one line, naming the first field that is or contains NaN or infinity."""
    for field in fields(settings):
        value = getattr(settings, field.name)
        entries = value if isinstance(value, tuple) else (value,)
        if any(isinstance(entry, float) and not math.isfinite(entry) for entry in entries):
            raise ValueError(f"{field.name} must be finite, got {value}")
