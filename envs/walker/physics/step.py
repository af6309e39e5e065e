"""One step of many rows in a single call: argument checks, then the phases of world.py in order.

Passing some twenty arrays from Python to a kernel takes a quarter of the time of one walker's step,
so their addresses are passed in one array (`pack`). The phases are called through their addresses,
because passing functions through Numba takes 0.3 ms.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import carray, int64, types, void
from numba.core import cgutils
from numba.experimental import function_type
from numba.extending import intrinsic

from . import state as at
from . import world
from .jit import Kernel, allocating, routine
from .lanes import LANES

FOUR = np.int64(4)
TRAITS_SIZE = at.TRAITS_SIZE
SCRATCH_FLOATS, SCRATCH_INTEGERS = np.int64(at.SCRATCH_FLOATS), np.int64(at.SCRATCH_INTEGERS)
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


@intrinsic
def _pointer(context: Any, address: Any) -> Any:
    """An address as a pointer, for `carray`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), code


def _array_of(kind: Any) -> Any:
    """A function of compiled code: the packed array with this number, which has this dtype."""

    @allocating  # not that it does, but only such functions may return arrays
    def array(packed, number):
        return carray(_pointer(packed[2 * number]), packed[2 * number + 1], kind)

    return array


floats, doubles = _array_of(np.float32), _array_of(np.float64)
ints, longs, flags = _array_of(np.int32), _array_of(np.int64), _array_of(np.bool_)


def pack(arrays: list[np.ndarray]) -> np.ndarray:
    """Addresses and sizes of arrays, [2 * arrays] int64. The arrays must outlive its use.

    ValueError if one is not contiguous.
    """
    if not all(array.flags.c_contiguous for array in arrays):
        raise ValueError("packed arrays must be contiguous")
    pairs = [(array.ctypes.data, array.size) for array in arrays]
    return np.array(pairs, np.int64).ravel()


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


@routine
def step_rows(
    rows, phases, elapsed, ages, outcome, f, k, shapes, corners, tracks, bodies, ends, actions,
    events,
    s, i, x, c, y, velocity, position, width, cull, obs, reward, terminated, finished, shaping,
    rays,
):  # fmt: skip
    """One step of each row; see step_packed."""
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


def step_packed(rows, packed, elapsed, velocity, position, width, cull):
    """Kernel: one step of each row.

    packed: of these arrays: phase_addresses(), ages [n], outcome [1], f, k, shapes, corners, table
    of tracks, ends, actions, events, s, i, x, c, y, observations, rewards, terminated, finished,
    shaping, rays, table of bodies. With the outcome NOT_FINITE or NEVER_RESET the state is
    unchanged.
    elapsed: steps added to ages, 0 in a reset.
    """
    p = packed
    step_rows(
        rows, longs(p, 0), elapsed, longs(p, 1), longs(p, 2), floats(p, 3), ints(p, 4),
        floats(p, 5), ints(p, 6), longs(p, 7),
        floats(p, 22).reshape(-1, TRAITS_SIZE), doubles(p, 8), floats(p, 9), longs(p, 10),
        floats(p, 11).reshape(LANES, SCRATCH_FLOATS), ints(p, 12).reshape(LANES, SCRATCH_INTEGERS),
        floats(p, 13), floats(p, 14), ints(p, 15), velocity, position, width, cull,
        floats(p, 16), doubles(p, 17), flags(p, 18), flags(p, 19), doubles(p, 20), floats(p, 21),
    )  # fmt: skip


STEP = Kernel(
    "step",
    void(world.ROWS, int64[::1], int64, int64, int64, int64, int64),
    step_packed,
    2,
)
