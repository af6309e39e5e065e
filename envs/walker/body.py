"""One walker's body as values: motors, densities, gravity, friction, and the sizes of its legs.

Legs of other sizes are from Ha 2018, "Reinforcement Learning for Improving Agent Design" (arXiv
1810.03779); physics/bodies.py has the construction. What does not depend on the body: the hull's
shape, the joints' limits and initial angles, the lidar, the scaling of observations (speeds of hips
are divided by 4, of knees by 6), and the cost of torque in the reward, 0.00035 * 80 * |action|.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

JOINT_NAMES = ("hip 0", "knee 0", "hip 1", "knee 1")
PART_NAMES = ("hull", "leg 0", "lower leg 0", "leg 1", "lower leg 1")
LEG_NAMES = PART_NAMES[1:]  # as the fields for legs are ordered: upper, lower, upper, lower

Four = tuple[float, float, float, float]
Five = tuple[float, float, float, float, float]

# Of each field, in its unit. Box2D's solver stays stable within them: a density of 0 would be a
# mass of 1 kg, and a leg thinner than the skin of a shape (0.02 m) would not be a box.
BOUNDS = {
    "torque": (0.0, 1000.0),
    "speed": (0.0, 50.0),
    "density": (0.05, 100.0),
    "gravity": (0.0, 100.0),
    "friction": (0.0, 100.0),
    "leg_length": (0.1, 3.0),
    "leg_width": (0.03, 1.0),
}
_NAMES = {
    "torque": JOINT_NAMES,
    "direction": JOINT_NAMES,
    "speed": JOINT_NAMES,
    "density": PART_NAMES,
    "leg_length": LEG_NAMES,
    "leg_width": LEG_NAMES,
}


@dataclass(frozen=True)
class Body:
    """A walker's body; the defaults are those of Gymnasium's BipedalWalker.

    Sequences become tuples of Python numbers, so that equal bodies are equal and hash alike.

    torque: [4] greatest torque of hip 0, knee 0, hip 1, knee 1 [N m]; 0: the joint has no motor.
    direction: [4] 1, or -1 if the motor turns the other way for the same action.
    speed: [4] target speed of the motors [rad/s].
    density: [5] of hull, leg 0, lower leg 0, leg 1, lower leg 1 [kg/m2].
    gravity: downwards [m/s2].
    friction: coefficient of the ground; Box2D mixes it with a body's, sqrt(a b).
    leg_length, leg_width: [4] of leg 0, lower leg 0, leg 1, lower leg 1 [m]. The hull starts so
    high that the longer leg ends as far above the ground as Gymnasium's.

    Raises ValueError if a number is not finite or outside BOUNDS.
    """

    torque: Four = (80.0, 80.0, 80.0, 80.0)
    direction: tuple[int, int, int, int] = (1, 1, 1, 1)
    speed: Four = (4.0, 6.0, 4.0, 6.0)
    density: Five = (5.0, 1.0, 1.0, 1.0, 1.0)
    gravity: float = 10.0
    friction: float = 2.5
    leg_length: Four = (34 / 30, 34 / 30, 34 / 30, 34 / 30)
    leg_width: Four = (8 / 30, 0.8 * 8 / 30, 8 / 30, 0.8 * 8 / 30)

    def __post_init__(self) -> None:
        for name, parts in _NAMES.items():
            values = _numbers(name, getattr(self, name), parts)
            object.__setattr__(self, name, values)
        for name in ("gravity", "friction"):
            object.__setattr__(self, name, _number(name, getattr(self, name)))


def _numbers(field: str, values: Any, parts: Sequence[str]) -> tuple[float, ...]:
    """The checked values of a field with one number for each of `parts`."""
    if not hasattr(values, "__len__") or isinstance(values, str) or len(values) != len(parts):
        raise ValueError(
            f"body: {field} must be {len(parts)} numbers ({', '.join(parts)}), got {values!r}"
        )
    return tuple(
        _number(field, value, f" of {part}") for value, part in zip(values, parts, strict=True)
    )


def _number(field: str, value: Any, part: str = "") -> float:
    """The checked value of a field as a Python number."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"body: {field}{part} must be a number, got {value!r}") from None
    if field == "direction":
        if number not in (-1.0, 1.0):
            raise ValueError(f"body: {field}{part} must be 1 or -1, got {value!r}")
        return int(number)
    low, high = BOUNDS[field]
    if not (math.isfinite(number) and low <= number <= high):
        raise ValueError(f"body: {field}{part} must lie in [{low:g}, {high:g}], got {number:g}")
    return number


STANDARD = Body()


def one_each(bodies: Sequence[Body] | None, rows: int) -> list[Body]:
    """The body of each row; None: Gymnasium's for all. ValueError for another number of bodies."""
    if bodies is None:
        return [STANDARD] * rows
    if len(bodies) != rows:
        raise ValueError(f"a batch needs one body per track, got {len(bodies)} for {rows} tracks")
    return list(bodies)
