"""One step of many rows in a single call: argument checks, then the phases of world.py in order.

Passing some twenty arrays from Python to each of five kernels takes longer than half a step of one
walker. The phases are called through their addresses, because passing functions through Numba takes
0.3 ms.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import float32, int64, types, void
from numba.core import cgutils
from numba.experimental import function_type
from numba.extending import intrinsic

from . import state as at
from . import world
from .jit import Kernel, routine
from .world import (
    BLOCK,
    BODIES,
    CORNERS,
    EVENTS,
    FLAGS,
    INDICES,
    PLACES,
    ROWS,
    SCRATCH,
    SHAPES,
    TRACKS,
    VALUES,
)

FOUR = np.int64(4)
# Outcome of a step: success, an action that is not finite, a row that was never reset, a fault.
FINE, NOT_FINITE, NEVER_RESET, FAULTY = (np.int64(i) for i in range(4))


def _function_at(phase: Kernel) -> Any:
    """A function of compiled code: the phase at this address."""
    kind = types.FunctionType(phase.signature)

    @intrinsic
    def function_at(context: Any, address: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            value = cgutils.create_struct_proxy(kind)(context, builder)
            value.jit_addr = builder.inttoptr(arguments[0], cgutils.voidptr_t)
            return value._getvalue()

        return kind(types.int64), code

    return function_at


collide_at, solve_at, pairs_at, toi_at, observe_at = (_function_at(phase) for phase in world.PHASES)


def phase_addresses() -> np.ndarray:
    """Addresses of the compiled phases, [5] int64; call compile_kernels() first."""
    phases = (world.COLLIDE, world.SOLVE, world.PAIRS, world.TOI, world.OBSERVE)
    found = [function_type._get_jit_address(phase.compiled, phase.signature) for phase in phases]
    return np.array(found, np.int64)


@routine
def check(rows, actions, ages):
    """Whether these rows can be stepped: FINE, NOT_FINITE or NEVER_RESET."""
    found = FINE
    for row in rows:
        if ages[row] < 0:
            found = max(found, NEVER_RESET)
        for motor in range(FOUR):
            if not math.isfinite(actions[row * FOUR + motor]):
                return NOT_FINITE
    return found


def step_rows(
    rows, phases, elapsed, ages, outcome, f, k, shapes, corners, tracks, bodies, ends, actions,
    events,
    s, i, x, c, y, velocity, position, width, cull, obs, reward, terminated, finished, shaping,
    rays,
):  # fmt: skip
    """Kernel: one step of each row. outcome: [1]; with NOT_FINITE or NEVER_RESET the state is
    unchanged.

    phases: phase_addresses(). elapsed: steps added to ages [n], 0 in a reset.
    """
    outcome[0] = check(rows, actions, ages)
    if outcome[0] != FINE:
        return
    collide_at(phases[0])(rows, f, k, shapes, corners, tracks, bodies, actions, events)
    solve_at(phases[1])(rows, f, k, bodies, events, s, i, x, c, y, velocity, position, width)
    pairs_at(phases[2])(rows, f, k, shapes, tracks)
    toi_at(phases[3])(
        rows, f, k, shapes, corners, tracks, bodies, events, s[0], i[0], velocity, cull
    )
    observe_at(phases[4])(
        rows, f, k, shapes, corners, tracks, ends, actions, obs, reward, terminated, finished,
        shaping, rays
    )  # fmt: skip
    for row in rows:
        ages[row] += elapsed
        if k[row * at.INTEGERS + at.FAULT] != at.HEALTHY:
            outcome[0] = FAULTY


STEP = Kernel(
    "step",
    void(
        ROWS, int64[::1], int64, int64[::1], int64[::1], world.F, world.K, SHAPES, CORNERS, TRACKS,
        BODIES, VALUES,
        float32[::1], EVENTS, BLOCK, PLACES, SCRATCH, SCRATCH, INDICES, int64, int64, int64, int64,
        world.F, VALUES, FLAGS, FLAGS, VALUES, SCRATCH,
    ),
    step_rows,
    2,
)  # fmt: skip
