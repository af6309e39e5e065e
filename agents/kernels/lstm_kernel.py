"""An LSTM along sequences and its gradient, compiled by Numba.

Hochreiter & Schmidhuber 1997; with the forget gate of Gers et al. 2000. The same function as
torch.lstm with one layer. The state may be reset within a sequence, where a trial begins; no
gradient passes a reset. Sums have one fixed order (sequences.py).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import torch
from torch.autograd.function import once_differentiable

from openpoet.kernel_cache import compiled, to_stderr, usable_folder

from .arithmetic import HALF, ONE, ZERO, part
from .cell_weights import NAMES, CellWeights, Named
from .products import ROWS, START, callee, padded, wide
from .sequences import BLOCK, add, add_up, copy, gather, height, keep, pass_back, squash

WEIGHTS = CellWeights("LSTM", (0, 1, 2, 3), (0, 1, 2, 3), halved=(0, 1, 3))


@callee
def _step(gates, at, before, cells, hidden, reset, begin, rows, squashed):
    """Gates, cells and hidden states of a block after a step; its sums are in gates, from `at` on.

    Those of gates with a sigmoid are halved: sigmoid(x) = (1 + tanh(x / 2)) / 2. before:
    the cells before the step [n, h]. Written: gates, cells and hidden [n, h].
    """
    h, g = hidden.shape[1], wide(hidden.shape[1])
    squash(gates, at, rows * 4 * g)
    for i in range(rows):
        row, gate = begin + i, gates[at + i * 4 * g : at + (i + 1) * 4 * g]
        cell, was, kept = cells[row], before[row], ZERO if reset[row] else ONE
        for o in range(2 * g):
            gate[o] = HALF + HALF * gate[o]
        for o in range(3 * g, 4 * g):
            gate[o] = HALF + HALF * gate[o]
        enter, forget, new = gate[:g], gate[g : 2 * g], gate[2 * g : 3 * g]
        for o in range(h):
            cell[o] = forget[o] * (kept * was[o]) + enter[o] * new[o]
        for o in range(h):
            squashed[i * h + o] = cell[o]
    squash(squashed, START, rows * h)
    for i in range(rows):
        leave, after = gates[at + (4 * i + 3) * g : at + (4 * i + 4) * g], hidden[begin + i]
        for o in range(h):
            after[o] = leave[o] * squashed[i * h + o]


def _forward(
    x: np.ndarray,
    w: np.ndarray,
    resets: np.ndarray,
    hidden: np.ndarray,
    cells: np.ndarray,
    gates: np.ndarray,
) -> None:
    """x [t, n, i]; w [h + i + 1, 4g], see `_step`; resets [t, n].

    hidden, cells [t + 1, n, h]: the first is given, the others are written. Written: gates
    [t, m, 4g], flat, where m is n padded to a multiple of ROWS: enter, forget, new and leave.
    """
    t, n, h, k = x.shape[0], x.shape[1], hidden.shape[2], hidden.shape[2] + x.shape[2] + 1
    columns = 4 * wide(h)
    a, zeros = np.zeros(BLOCK * height(k), np.float32), np.zeros(columns, np.float32)
    squashed = np.empty(BLOCK * h, np.float32)
    for begin in range(0, n, BLOCK):
        rows = min(BLOCK, n - begin)
        for step in range(t):
            at = (step * height(n) + begin) * columns
            gather(a, x[step], hidden[step], resets[step], begin, rows)
            add_up(a, w, zeros, gates, at, rows, k)
            _step(
                gates, at, cells[step], cells[step + 1], hidden[step + 1], resets[step], begin,
                rows, squashed,
            )  # fmt: skip


@part
def _change(gate, before, squashed, of_hidden, of_cell, change, h):
    """Write a row's gradient with respect to its sums, change [4g].

    before: the cell before the step; squashed: the tanh of that after it. of_hidden, of_cell [h]:
    with respect to the state after the step; of_cell becomes that with respect to the cell before
    it, of_hidden zero.
    """
    g = len(gate) // 4
    enter, forget, new, leave = gate[:g], gate[g : 2 * g], gate[2 * g : 3 * g], gate[3 * g :]
    of_enter, of_forget = change[:g], change[g : 2 * g]
    of_new, of_leave = change[2 * g : 3 * g], change[3 * g :]
    for o in range(h):
        of_cell[o] += of_hidden[o] * leave[o] * (ONE - squashed[o] * squashed[o])
    for o in range(h):
        of_leave[o] = of_hidden[o] * squashed[o] * leave[o] * (ONE - leave[o])
        of_hidden[o] = ZERO
    for o in range(h):
        of_enter[o] = of_cell[o] * new[o] * enter[o] * (ONE - enter[o])
    for o in range(h):
        of_forget[o] = of_cell[o] * before[o] * forget[o] * (ONE - forget[o])
    for o in range(h):
        of_new[o] = of_cell[o] * enter[o] * (ONE - new[o] * new[o])
        of_cell[o] *= forget[o]


def _backward(
    gradients: tuple[np.ndarray, ...],
    x: np.ndarray,
    turned: np.ndarray,
    resets: np.ndarray,
    states: tuple[np.ndarray, ...],
    of_x: np.ndarray,
    of_weights: np.ndarray,
    of_start: np.ndarray,
) -> None:
    """gradients: of the loss with respect to hidden states and cells after each step, [t, n, h].

    x, resets: as `_forward`; states: hidden, cells and gates of `_forward`. turned [4g, h + i], or
    [4g, h] without of_x: the weights. Written: the gradients with respect to the inputs [t, n, i],
    or nothing if of_x is [t, n, 0], the weights [h + i + 1, 4g], and the first hidden state and
    cell [2, n, h]. A gradient without rows is zero.
    """
    (hidden, cells), gates = states
    t, n, h, k = x.shape[0], x.shape[1], hidden.shape[2], hidden.shape[2] + x.shape[2] + 1
    columns, zero, fours = wide(h + of_x.shape[2]), np.zeros(h, np.float32), 4 * wide(h)
    a, of_a = np.zeros(BLOCK * height(k), np.float32), np.zeros(BLOCK * columns, np.float32)
    change, of_cell = np.zeros(BLOCK * fours, np.float32), np.zeros((BLOCK, h), np.float32)
    squashed = np.zeros(BLOCK * h, np.float32)
    for begin in range(0, n, BLOCK):
        rows = min(BLOCK, n - begin)
        of_a[:], of_cell[:] = ZERO, ZERO
        for step in range(t - 1, -1, -1):
            gather(a, x[step], hidden[step], resets[step], begin, rows)
            copy(cells[step + 1], squashed, begin, rows)
            squash(squashed, START, rows * h)
            for i in range(rows):
                row, own = begin + i, of_a[i * columns : i * columns + h]
                before = zero if resets[step, row] else cells[step, row]
                if len(gradients[0]) > 0:
                    add(own, gradients[0][step, row])
                if len(gradients[1]) > 0:
                    add(of_cell[i], gradients[1][step, row])
                after, changes = squashed[i * h : (i + 1) * h], change[i * fours : (i + 1) * fours]
                at = (step * height(n) + row) * fours
                _change(gates[at : at + fours], before, after, own, of_cell[i], changes, h)
            pass_back(change, turned, of_a, a, of_weights, rows, k)
            keep(of_a, of_x[step], rows, begin, h)
            for i in range(rows):
                if resets[step, begin + i]:
                    of_a[i * columns : i * columns + h], of_cell[i] = ZERO, ZERO
        for i in range(rows):
            for o in range(h):
                of_start[0, begin + i, o] = of_a[i * columns + o]
                of_start[1, begin + i, o] = of_cell[i, o]


@functools.cache
def lstm_kernels() -> tuple[Callable[..., None], Callable[..., None]]:
    """Forward and backward, compiled on first use (some seconds, then kept on disk)."""
    one, three, rows = numba.float32[::1], numba.float32[:, :, ::1], numba.boolean[:, ::1]
    folder, kept = usable_folder("lstm", Path(__file__).parent)

    def on_miss() -> None:
        to_stderr(f"compiling the LSTM, about 3 s; {kept}")

    two = numba.types.UniTuple(three, 2)
    states = numba.types.Tuple((two, one))
    forward = numba.void(three, one, rows, three, three, one)
    backward = numba.void(two, three, one, rows, states, three, one, three)
    return (
        compiled(_forward, forward, folder, on_miss),
        compiled(_backward, backward, folder, on_miss),
    )


class _Sequence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        start: torch.Tensor,
        resets: torch.Tensor,
        *weights: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        (t, n), h, x = x.shape[:2], start.shape[2], x.contiguous()
        hidden, cells, gates = (
            torch.empty(t + 1, n, h),
            torch.empty(t + 1, n, h),
            torch.empty(t * (n + -n % ROWS) * 4 * padded(h)),
        )
        hidden[0], cells[0] = start
        states = hidden.numpy(), cells.numpy(), gates.numpy()
        lstm_kernels()[0](x.numpy(), WEIGHTS.pack(*weights), resets.numpy(), *states)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, resets, *weights[:2], hidden, cells, gates)
        return hidden[1:], cells[1:]

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, of_hidden: torch.Tensor | None, of_cells: torch.Tensor | None
    ) -> tuple[torch.Tensor | None, ...]:
        x, resets, w_in, w_hidden, hidden, cells, gates = ctx.saved_tensors
        (t, n, i), h = x.shape, w_hidden.shape[1]
        of_x = torch.empty(t, n, i if ctx.needs_input_grad[0] else 0)
        of_start, of_weights = torch.empty(2, n, h), WEIGHTS.no_gradient(h, i)
        lstm_kernels()[1](
            tuple(
                np.empty((0, n, h), np.float32) if given is None else given.contiguous().numpy()
                for given in (of_hidden, of_cells)
            ),
            x.numpy(),
            WEIGHTS.turned(w_hidden, w_in if ctx.needs_input_grad[0] else None),
            resets.numpy(),
            ((hidden.numpy(), cells.numpy()), gates.numpy()),
            of_x.numpy(),
            of_weights,
            of_start.numpy(),
        )
        of_inputs = of_x if ctx.needs_input_grad[0] else None
        return of_inputs, of_start, None, *WEIGHTS.unpack(of_weights, h, i)


def lstm(
    weights: Named, x: torch.Tensor, start: torch.Tensor, resets: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Hidden states and cells [t, n, h] after each step; differentiable once.

    Args:
        weights: w_in [4h, i], w_hidden [4h, h], b_in and b_hidden [4h], gates in torch's order:
            enter, forget, new, leave. They and the others as `sequences.fits`.
        x: inputs [t, n, i].
        start: hidden state and cell [2, n, h].
        resets: [t, n] bool, the state is set to zero before this step; none: never.

    Raises:
        ValueError: if the sizes do not fit.
    """
    resets = WEIGHTS.check(weights, x, start, resets)
    hidden, cells = _Sequence.apply(x, start, resets, *(weights[name] for name in NAMES))
    return hidden, cells
