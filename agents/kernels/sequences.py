"""The parts that the kernels of recurrent cells share: products of a block of rows.

Every cell here has four sums a unit and step. A row of the matrix `a` is its hidden state before
the step [h], its inputs [i] and a one; a times the weights [h + i + 1, 4g] are the sums, where g is
h padded to a multiple of LANES. Rows are independent: a block of them passes through all steps
while the weights are in the cache.
"""

from __future__ import annotations

import torch

from .arithmetic import ONE, ZERO, part, tanh
from .products import ADJACENT, ROWS, SAME, START, callee, multiply

BLOCK = 32  # rows


@callee
def height(n):
    """The least multiple of ROWS that is at least n."""
    return (n + ROWS - 1) // ROWS * ROWS


@callee
def gather(a, x, hidden, reset, begin, rows):
    """Write the block of `rows` from `begin` on to a. x [n, i], hidden [n, h], reset [n]."""
    h, inputs = hidden.shape[1], x.shape[1]
    width = height(h + inputs + 1)
    for i in range(rows):
        own = a[i * width : (i + 1) * width]
        before, given = hidden[begin + i], x[begin + i]
        for o in range(h):
            own[o] = ZERO if reset[begin + i] else before[o]
        for j in range(inputs):
            own[h + j] = given[j]
        own[h + inputs] = ONE


@callee
def add_up(a, w, zeros, total, at, rows, k):
    """Write a [rows, k] times w [k, 4g] to total, from `at` on; rows: padded to one of ROWS."""
    columns = len(zeros)
    multiply(
        a, START, height(k), ADJACENT, w, START, columns, zeros, START, SAME, total, at,
        columns, height(rows), columns, k,
    )  # fmt: skip


@callee
def squash(x, at, n):
    """The tanh of n numbers, in place: one long loop, since short ones leave a slow remainder."""
    part = x[at : at + n]
    for i in range(n):
        part[i] = tanh(part[i])


@part
def add(total, x):
    """total += x."""
    for o in range(len(total)):
        total[o] += x[o]


@callee
def copy(x, to, begin, rows):
    """Write `rows` rows of x [n, h], from `begin` on, to the flat array `to`."""
    h = x.shape[1]
    for i in range(rows):
        row = x[begin + i]
        for o in range(h):
            to[i * h + o] = row[o]


@callee
def pass_back(change, turned, of_a, a, gradient, rows, k):
    """Gradients from those with respect to the sums, change [rows, 4g].

    of_a [rows, h + i] or [rows, h], columns padded: change times `turned` is added. gradient
    [k, 4g]: a transposed [k, rows] times change is added.
    """
    columns, fours = len(of_a) // BLOCK, len(change) // BLOCK
    multiply(
        change, START, fours, ADJACENT, turned, START, columns, of_a, START, columns, of_a, START,
        columns, height(rows), columns, fours,
    )  # fmt: skip
    multiply(
        a, START, ADJACENT, height(k), change, START, fours, gradient, START, fours, gradient,
        START, fours, height(k), fours, rows,
    )  # fmt: skip


@callee
def keep(of_a, of_x, rows, begin, h):
    """Move the inputs' gradient of a block from of_a to of_x [n, i], or [n, 0] if not wanted.

    All columns of of_a but the first h are then zero.
    """
    columns = len(of_a) // BLOCK
    for i in range(rows):
        own = of_a[i * columns : (i + 1) * columns]
        for j in range(of_x.shape[1]):
            of_x[begin + i, j] = own[h + j]
        for o in range(h, columns):
            own[o] = ZERO


def fits(*tensors: torch.Tensor) -> bool:
    """Whether the kernels take these: float32 on the CPU."""
    return all(tensor.dtype == torch.float32 and tensor.device.type == "cpu" for tensor in tensors)
