"""Random numbers from a NumPy bit generator in compiled code, equal to those of
np.random.Generator.

A bit generator is passed as the address of its `bitgen_t` (numpy/random/bitgen.h). Numba supports
Generator objects, but passing one to a kernel takes longer than drawing a whole track.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from openpoet.kernel_cache import config

from .jit import routine

# the fields of bitgen_t: state, next_uint64, next_uint32, next_double, next_raw
UINT32, DOUBLE = 2, 3
FIELDS = 5
TWO_32 = np.uint64(1 << 32)
LOW, SHIFT, NONE = np.uint64((1 << 32) - 1), np.uint64(32), np.uint64(0)


def address(rng: np.random.Generator) -> int:
    """Address of the `bitgen_t` of a generator, which must outlive its use. Hold
    `bit_generator.lock` while drawing.
    """
    return rng.bit_generator.ctypes.bit_generator.value


def _compiled(field: int, result: Any, llvm: ir.Type) -> Any:
    """A compiled function that calls one field of bitgen_t with its state."""

    @intrinsic
    def draw(context: Any, bits: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = ir.IntType(8).as_pointer()
            fields = builder.inttoptr(arguments[0], pointer.as_pointer())
            place = builder.gep(fields, [ir.Constant(ir.IntType(32), field)])
            function = builder.bitcast(
                builder.load(place), ir.FunctionType(llvm, [pointer]).as_pointer()
            )
            return builder.call(function, [builder.load(fields)])

        return result(types.int64), code

    return draw


def _interpreted(field: int, result: Any) -> Any:
    """The same in plain Python, for use with Numba disabled."""

    def draw(bits: int) -> Any:
        fields: Any = (ctypes.c_void_p * FIELDS).from_address(int(bits))
        return ctypes.CFUNCTYPE(result, ctypes.c_void_p)(fields[field])(fields[0])

    return draw


if config.DISABLE_JIT:
    next_double = _interpreted(DOUBLE, ctypes.c_double)
    next_uint32 = _interpreted(UINT32, ctypes.c_uint32)
else:
    next_double = _compiled(DOUBLE, types.float64, ir.DoubleType())
    next_uint32 = _compiled(UINT32, types.uint32, ir.IntType(32))


@routine
def uniform(bits, low, high):
    """Generator.uniform(low, high)."""
    return low + (high - low) * next_double(bits)


@routine
def integers(bits, low, high):
    """Generator.integers(low, high) for high > low: Lemire's method (arXiv 1805.10941) on 32
    bits.
    """
    count = np.uint64(high - low)
    if count == np.uint64(1):
        return low  # draws nothing
    product = np.uint64(next_uint32(bits)) * count
    if product & LOW < count:
        least = (TWO_32 - count) % count
        while product & LOW < least:
            product = np.uint64(next_uint32(bits)) * count
    return low + np.int64(product >> SHIFT)
