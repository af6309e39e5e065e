"""Actions from keys and a gamepad, as pure functions of what is held."""

from __future__ import annotations

import os
from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

import numpy as np

# pygame's greeting would appear in the command's output
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Spec

# For each number of an action, the keys that make it +1 and -1. Of the walker: hip and knee of one
# leg, then of the other.
PAIRS = ("qa", "ws", "uj", "ik", "ed", "ol")
ARROWS = ((pygame.K_RIGHT, pygame.K_LEFT), (pygame.K_UP, pygame.K_DOWN))
DEAD_ZONE = 0.15  # of a gamepad's axis


def keys_of(spec: Spec) -> list[tuple[int, int]]:
    """The keys of each number of a continuous action: (+1, -1). Arrows where there are at most two.

    Numbers beyond the pairs of keys stay 0.
    """
    if spec.action_size <= len(ARROWS):
        return list(ARROWS[: spec.action_size])
    return [(ord(pair[0]), ord(pair[1])) for pair in PAIRS[: spec.action_size]]


def choice_of(key: int, spec: Spec) -> int | None:
    """The discrete action of a number key, 1 the first; None for other keys."""
    at = key - pygame.K_1
    return at if discrete(spec) and 0 <= at < min(9, spec.action_size) else None


def discrete(spec: Spec) -> bool:
    return bool(getattr(spec, "discrete", False))


def action(spec: Spec, held: Set[int], axes: Sequence[float] = ()) -> np.ndarray:
    """An action [a] float32 from the keys that are held and a gamepad's axes in [-1, 1].

    Discrete: the number key that is held, else the first action, as a one-hot vector.
    """
    made = np.zeros(spec.action_size, np.float32)
    if discrete(spec):
        chosen = [at for key in held if (at := choice_of(key, spec)) is not None]
        made[min(chosen, default=0)] = 1.0
        return made
    for at, (plus, minus) in enumerate(keys_of(spec)):
        made[at] = (plus in held) - (minus in held)
    for at, value in enumerate(axes[: spec.action_size]):
        made[at] += value if abs(value) > DEAD_ZONE else 0.0
    return made.clip(-1.0, 1.0)


def help_rows(spec: Spec) -> list[tuple[str, str]]:
    """Keys and effects, for the help card."""
    if discrete(spec):
        return [(f"1 to {min(9, spec.action_size)}", "take that action")]
    rows = keys_of(spec)
    names = [" / ".join(pygame.key.name(key) for key in pair) for pair in rows]
    return [(name, f"motor {at}: forward / back") for at, name in enumerate(names, 1)]
