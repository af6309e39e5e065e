"""A GRU along sequences and its gradient, compiled by Numba (Cho et al. 2014, arXiv 1406.1078).

The same function as torch.gru with one layer. With some tens of units most of
torch's time is the overhead of calls, of which a step needs twenty. The hidden state may be reset
within a sequence, where a trial begins; no gradient passes a reset. Sums have one fixed order
(sequences.py).
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

from .arithmetic import HALF, ONE, ZERO, part, tanh
from .cell_weights import NAMES, CellWeights, Named
from .products import ROWS, START, callee, padded, wide
from .sequences import BLOCK, add, add_up, gather, height, keep, pass_back, squash

WEIGHTS = CellWeights("GRU", of_inputs=(0, 1, 2), of_hidden=(0, 1, 3), halved=(0, 1))


@callee
def _step(gates, at, a, width, hidden, begin, rows, squashed):
    """Gates and hidden states of a block after a step; its sums are in gates, from `at` on.

    They are those of reset, update, the inputs' part of new, and the hidden state's part of it,
    which the reset gate multiplies. The first two are halved: sigmoid(x) = (1 + tanh(x / 2)) / 2.
    a [rows, width]: the hidden states before the step, then other columns. Written: gates and
    hidden [n, h].
    """
    h, g = hidden.shape[1], wide(hidden.shape[1])
    for i in range(rows):
        gate, new = gates[at + 4 * i * g : at + 4 * (i + 1) * g], squashed[i * g : (i + 1) * g]
        for o in range(2 * g):
            gate[o] = HALF + HALF * tanh(gate[o])
        for o in range(g):
            new[o] = gate[2 * g + o] + gate[o] * gate[3 * g + o]
    squash(squashed, START, rows * g)
    for i in range(rows):
        gate, new = gates[at + 4 * i * g : at + 4 * (i + 1) * g], squashed[i * g : (i + 1) * g]
        update, before, after = gate[g : 2 * g], a[i * width : i * width + h], hidden[begin + i]
        for o in range(g):
            gate[2 * g + o] = new[o]
        for o in range(h):
            after[o] = (ONE - update[o]) * new[o] + update[o] * before[o]


def _forward(
    x: np.ndarray, w: np.ndarray, resets: np.ndarray, hidden: np.ndarray, gates: np.ndarray
) -> None:
    """x [t, n, i]; w [h + i + 1, 4g], see `_step`; resets [t, n].

    hidden [t + 1, n, h]: the first is given, the others are written. Written: gates [t, m, 4g],
    flat, where m is n padded to a multiple of ROWS: reset, update, new and what reset multiplies.
    """
    t, n, h, k = x.shape[0], x.shape[1], hidden.shape[2], hidden.shape[2] + x.shape[2] + 1
    columns, width = 4 * wide(h), height(k)
    a, zeros = np.zeros(BLOCK * width, np.float32), np.zeros(columns, np.float32)
    squashed = np.empty(BLOCK * wide(h), np.float32)
    for begin in range(0, n, BLOCK):
        rows = min(BLOCK, n - begin)
        for step in range(t):
            at = (step * height(n) + begin) * columns
            gather(a, x[step], hidden[step], resets[step], begin, rows)
            add_up(a, w, zeros, gates, at, rows, k)
            _step(gates, at, a, width, hidden[step + 1], begin, rows, squashed)


@part
def _change(gate, before, of_hidden, change, h):
    """Write a row's gradient with respect to its sums, change [4g].

    of_hidden [h]: with respect to the state after the step; becomes what passes by the update gate.
    """
    g = len(gate) // 4
    reset, update, new, kept = gate[:g], gate[g : 2 * g], gate[2 * g : 3 * g], gate[3 * g :]
    of_reset, of_update = change[:g], change[g : 2 * g]
    of_new, of_kept = change[2 * g : 3 * g], change[3 * g :]
    for o in range(h):
        of_new[o] = of_hidden[o] * (ONE - update[o]) * (ONE - new[o] * new[o])
    for o in range(h):
        of_update[o] = of_hidden[o] * (before[o] - new[o]) * update[o] * (ONE - update[o])
    for o in range(h):
        of_reset[o] = of_new[o] * kept[o] * reset[o] * (ONE - reset[o])
    for o in range(h):
        of_kept[o] = of_new[o] * reset[o]
        of_hidden[o] *= update[o]


def _backward(
    gradient: np.ndarray,
    x: np.ndarray,
    turned: np.ndarray,
    resets: np.ndarray,
    states: tuple[np.ndarray, ...],
    of_x: np.ndarray,
    of_weights: np.ndarray,
    of_start: np.ndarray,
) -> None:
    """gradient [t, n, h]: of the loss with respect to the hidden states after each step.

    x, resets: as `_forward`; states: hidden and gates of `_forward`. turned [4g, h + i], or [4g, h]
    without of_x: the weights. Written: the gradients with respect to the inputs [t, n, i], or
    nothing if of_x is [t, n, 0], the weights [h + i + 1, 4g], and the first hidden state [n, h].
    """
    hidden, gates = states
    t, n, h, k = x.shape[0], x.shape[1], hidden.shape[2], hidden.shape[2] + x.shape[2] + 1
    columns, fours, width = wide(h + of_x.shape[2]), 4 * wide(h), height(k)
    a, of_a = np.zeros(BLOCK * width, np.float32), np.zeros(BLOCK * columns, np.float32)
    change = np.zeros(BLOCK * fours, np.float32)
    for begin in range(0, n, BLOCK):
        rows = min(BLOCK, n - begin)
        of_a[:] = ZERO
        for step in range(t - 1, -1, -1):
            gather(a, x[step], hidden[step], resets[step], begin, rows)
            for i in range(rows):
                own, before = of_a[i * columns : i * columns + h], a[i * width : i * width + h]
                at = (step * height(n) + begin + i) * fours
                add(own, gradient[step, begin + i])
                changes = change[i * fours : (i + 1) * fours]
                _change(gates[at : at + fours], before, own, changes, h)
            pass_back(change, turned, of_a, a, of_weights, rows, k)
            keep(of_a, of_x[step], rows, begin, h)
            for i in range(rows):
                if resets[step, begin + i]:
                    of_a[i * columns : i * columns + h] = ZERO
        for i in range(rows):
            for o in range(h):
                of_start[begin + i, o] = of_a[i * columns + o]


@functools.cache
def gru_kernels() -> tuple[Callable[..., None], Callable[..., None]]:
    """Forward and backward, compiled on first use (some seconds, then kept on disk)."""
    one, two, three = numba.float32[::1], numba.float32[:, ::1], numba.float32[:, :, ::1]
    rows, states = numba.boolean[:, ::1], numba.types.Tuple((three, one))
    folder, kept = usable_folder("gru", Path(__file__).parent)

    def on_miss() -> None:
        to_stderr(f"compiling the GRU, about 3 s; {kept}")

    return (
        compiled(_forward, numba.void(three, one, rows, three, one), folder, on_miss),
        compiled(
            _backward,
            numba.void(three, three, one, rows, states, three, one, two),
            folder,
            on_miss,
        ),
    )


class _Sequence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        start: torch.Tensor,
        resets: torch.Tensor,
        *weights: torch.Tensor,
    ) -> torch.Tensor:
        (t, n), h, x = x.shape[:2], start.shape[1], x.contiguous()
        hidden = torch.empty(t + 1, n, h)
        gates = torch.empty(t * (n + -n % ROWS) * 4 * padded(h))
        hidden[0] = start
        w = WEIGHTS.pack(*weights)
        gru_kernels()[0](x.numpy(), w, resets.numpy(), hidden.numpy(), gates.numpy())
        ctx.save_for_backward(x, resets, *weights[:2], hidden, gates)
        return hidden[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, resets, w_in, w_hidden, hidden, gates = ctx.saved_tensors
        (t, n, i), h = x.shape, gradient.shape[2]
        of_x = torch.empty(t, n, i if ctx.needs_input_grad[0] else 0)
        of_start, of_weights = torch.empty(n, h), WEIGHTS.no_gradient(h, i)
        turned = WEIGHTS.turned(w_hidden, w_in if ctx.needs_input_grad[0] else None)
        gru_kernels()[1](
            gradient.contiguous().numpy(),
            x.numpy(),
            turned,
            resets.numpy(),
            (hidden.numpy(), gates.numpy()),
            of_x.numpy(),
            of_weights,
            of_start.numpy(),
        )
        of_inputs = of_x if ctx.needs_input_grad[0] else None
        return of_inputs, of_start, None, *WEIGHTS.unpack(of_weights, h, i)


def gru(
    weights: Named, x: torch.Tensor, start: torch.Tensor, resets: torch.Tensor | None = None
) -> torch.Tensor:
    """Hidden states [t, n, h] after each step; differentiable once.

    Args:
        weights: w_in [3h, i], w_hidden [3h, h], b_in and b_hidden [3h], gates in torch's order:
            reset, update, new. They and the others as `sequences.fits`.
        x: inputs [t, n, i].
        start: hidden state [n, h].
        resets: [t, n] bool, the hidden state is set to zero before this step; none: never.

    Raises:
        ValueError: if the sizes do not fit.
    """
    resets = WEIGHTS.check(weights, x, start, resets)
    hidden: torch.Tensor = _Sequence.apply(x, start, resets, *(weights[name] for name in NAMES))
    return hidden
