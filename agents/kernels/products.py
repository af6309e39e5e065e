"""Matrix products of the compiled kernels, in tiles of the result that stay in registers.

The sum of an element is c = fma(a[k], b[k], c) for k = 0, 1, 2, ..., so a result depends neither on
the size of the tiles nor on the processor. LLVM's loop vectoriser does not keep such a tile in
registers, hence the explicit vector instructions. They are independent of the processor's width:
LLVM splits vectors that are too wide.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from openpoet.kernel_cache import config, shared_name

LANES = 16  # floats of a vector; a matrix has a multiple of it as columns
ROWS = 8  # of a tile; a matrix has a multiple of it as rows
INT = ir.IntType(64)
# np.int64: a literal argument would be a type of its own, and compile the callee once more
START, ADJACENT, SAME = np.int64(0), np.int64(1), np.int64(0)


def padded(n: int) -> int:
    """The least multiple of LANES that is at least n."""
    return (n + LANES - 1) // LANES * LANES


def callee(function: Any) -> Any:
    """Decorator of a function that kernels call; compiled with each of them, not inlined."""
    # code for calls from Python would take as long to compile as the function
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return numba.njit(nogil=True, error_model="numpy", **options)(shared_name(function))


@callee
def wide(n):
    """`padded`, for kernels."""
    return (n + LANES - 1) // LANES * LANES


class _Tile:
    """Code of one tile of `columns` vectors: a, b, start and c are pointers to floats."""

    def __init__(self, builder: Any, columns: int) -> None:
        self.builder, self.columns = builder, columns
        self.vector = ir.VectorType(ir.FloatType(), LANES)
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        name = f"llvm.fma.v{LANES}f32"
        self.fma = cgutils.get_or_insert_function(builder.module, kind, name)
        self.sums = [
            [cgutils.alloca_once(builder, self.vector) for _ in range(columns)] for _ in range(ROWS)
        ]

    def _vector_at(self, start: Any, offset: Any, column: int) -> Any:
        offset = self.builder.add(offset, INT(column * LANES))
        return self.builder.bitcast(self.builder.gep(start, [offset]), self.vector.as_pointer())

    def _row(self, row: int, stride: Any) -> Any:
        return self.builder.mul(INT(row), stride)

    def load(self, start: Any, stride: Any) -> None:
        for row, sums in enumerate(self.sums):
            for column, total in enumerate(sums):
                place = self._vector_at(start, self._row(row, stride), column)
                self.builder.store(self.builder.load(place, align=4), total)

    def store(self, c: Any, stride: Any) -> None:
        for row, sums in enumerate(self.sums):
            for column, total in enumerate(sums):
                place = self._vector_at(c, self._row(row, stride), column)
                self.builder.store(self.builder.load(total), place, align=4)

    def add(self, a: Any, row_stride: Any, offset: Any, b: Any, b_offset: Any) -> None:
        """Add the products of one k: a column of a, at `offset`, and a row of b."""
        builder = self.builder
        vectors = [
            builder.load(self._vector_at(b, b_offset, column), align=4)
            for column in range(self.columns)
        ]
        for row, sums in enumerate(self.sums):
            place = builder.gep(a, [builder.add(offset, self._row(row, row_stride))])
            factor = self._broadcast(builder.load(place))
            for vector, total in zip(vectors, sums, strict=True):
                builder.store(builder.call(self.fma, [factor, vector, builder.load(total)]), total)

    def _broadcast(self, number: Any) -> Any:
        undefined, index = ir.Constant(self.vector, ir.Undefined), ir.IntType(32)
        first = self.builder.insert_element(undefined, number, index(0))
        zeros = ir.Constant(ir.VectorType(index, LANES), [0] * LANES)
        return self.builder.shuffle_vector(first, undefined, zeros)


def _tile(columns: int) -> Any:
    @intrinsic
    def tile(context, a, a_at, a_row, a_k, b, b_at, b_k, start, s_at, s_row, c, c_at, c_row, k):
        def code(context, builder, signature, arguments):
            def pointer(i):
                array = context.make_array(signature.args[i])(context, builder, arguments[i])
                return builder.gep(array.data, [arguments[i + 1]])

            tile = _Tile(builder, columns)
            tile.load(pointer(7), arguments[9])
            a, b, c = pointer(0), pointer(4), pointer(10)
            with cgutils.for_range(builder, arguments[13]) as loop:
                offset = builder.mul(loop.index, arguments[3])
                tile.add(a, arguments[2], offset, b, builder.mul(loop.index, arguments[6]))
            tile.store(c, arguments[12])
            return context.get_dummy_value()

        n, x = types.int64, types.float32[::1]
        return types.void(x, n, n, n, x, n, n, x, n, n, x, n, n, n), code

    return tile


def _interpreted(columns: int) -> Any:
    """The same in NumPy, for use with Numba disabled."""

    def tile(a, a_at, a_row, a_k, b, b_at, b_k, start, s_at, s_row, c, c_at, c_row, k):
        rows, n = np.arange(ROWS)[:, None], np.arange(columns * LANES)
        first = a[a_at + rows * a_row + np.arange(k) * a_k]
        second = b[b_at + np.arange(k)[:, None] * b_k + n]
        c[c_at + rows * c_row + n] = start[s_at + rows * s_row + n] + first @ second

    return tile


make_tile = _interpreted if config.DISABLE_JIT else _tile
tile_1, tile_2 = make_tile(1), make_tile(2)


@callee
def multiply(a, a_at, a_row, a_k, b, b_at, b_k, start, s_at, s_row, c, c_at, c_row, m, n, k):
    """c [m, n] = start [m, n] + a [m, k] b [k, n].

    Each matrix begins in its flat array at _at, and its rows are _row apart. The elements of a row
    of a are a_k apart, the rows of b b_k; the other matrices have adjacent columns. s_row = 0: one
    row for all. m: a multiple of ROWS; n: of LANES.
    """
    for i in range(0, m, ROWS):
        x, s, y = a_at + i * a_row, s_at + i * s_row, c_at + i * c_row
        pairs = n - n % (2 * LANES)
        for j in range(0, pairs, 2 * LANES):
            tile_2(a, x, a_row, a_k, b, b_at + j, b_k, start, s + j, s_row, c, y + j, c_row, k)
        if pairs < n:
            j = pairs
            tile_1(a, x, a_row, a_k, b, b_at + j, b_k, start, s + j, s_row, c, y + j, c_row, k)
