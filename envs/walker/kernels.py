"""Compilation of all the walker's kernels, and the version of the physics they implement."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache

from openpoet.kernel_cache import source_hash

from .physics import episode, step, world
from .physics.bodies import TRAITS
from .physics.draw_track import DRAW
from .physics.jit import SOURCE, compile_all
from .physics.shapes import SHAPES

_compiling = threading.Lock()


def compile_kernels(progress: Callable[[str], None] | None = None) -> float:
    """Compile the kernels, or load them from the cache; the seconds it took.

    progress: called with one line of text before each kernel that is compiled. WalkerBatch calls
    this function itself.
    """
    with _compiling:
        kernels = [*world.KERNELS, SHAPES, TRAITS, DRAW, step.STEP, episode.PLAY]
        return compile_all(kernels, progress)


@cache
def physics_version() -> str:
    """A hash of the physics source; a pickled batch can be loaded by the same version only."""
    return source_hash(SOURCE)
