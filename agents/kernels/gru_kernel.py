"""A GRU along sequences and its gradient, compiled by Numba (Cho et al. 2014, arXiv 1406.1078).

The same function as torch.gru with one layer. Of a network with some tens of units torch spends
most of its time between its operations, of which each step takes twenty; here a step of one row is
one loop. Only the products with the hidden state are here: those with the inputs are one matrix
product over all steps, which torch does well. Sums are added up in one fixed order (arithmetic).
The hidden state may be reset within a sequence, where a trial begins; no gradient passes a reset.
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

from .arithmetic import ONE, ZERO, add_products, sigmoid, tanh


def _forward(
    given: np.ndarray,
    w: np.ndarray,
    bias: np.ndarray,
    resets: np.ndarray,
    hidden: np.ndarray,
    gates: np.ndarray,
) -> None:
    """given [t, n, 3h]: the part of the inputs; w [h * 3h] row by row; bias [3h]; resets [t, n].

    hidden [t + 1, n, h]: hidden[0] is given, the others are written. gates [t, n, 4h], written:
    reset, update, new, and what the reset gate multiplies.
    """
    t, n, h = gates.shape[0], gates.shape[1], hidden.shape[2]
    total, zero = np.empty(3 * h, np.float32), np.zeros(h, np.float32)
    for row in range(n):
        for step in range(t):
            before = zero if resets[step, row] else hidden[step, row]
            after, x, gate = hidden[step + 1, row], given[step, row], gates[step, row]
            total[:] = bias
            add_products(total, w, 0, before, h, 3 * h)
            # each loop reads and writes few arrays, so that it is vectorised
            for o in range(2 * h):
                gate[o] = sigmoid(x[o] + total[o])
            reset, update, new, kept = (
                gate[:h],
                gate[h : 2 * h],
                gate[2 * h : 3 * h],
                total[2 * h :],
            )
            for o in range(h):
                new[o] = tanh(x[2 * h + o] + reset[o] * kept[o])
            for o in range(h):
                after[o] = (ONE - update[o]) * new[o] + update[o] * before[o]
            gate[3 * h :] = kept


def _backward(
    gradient: np.ndarray,
    w: np.ndarray,
    resets: np.ndarray,
    hidden: np.ndarray,
    gates: np.ndarray,
    of_given: np.ndarray,
    of_kept: np.ndarray,
    of_start: np.ndarray,
) -> None:
    """gradient [t, n, h]: of the loss with respect to the hidden states; w [3h * h] row by row.

    Written: its gradients with respect to the part of the inputs and to that of the hidden state,
    each [t, n, 3h], and to the first hidden state [n, h].
    """
    t, n, h = gates.shape[0], gates.shape[1], hidden.shape[2]
    carried, zero = np.empty(h, np.float32), np.zeros(h, np.float32)
    for row in range(n):
        carried[:] = ZERO
        for step in range(t - 1, -1, -1):
            before = zero if resets[step, row] else hidden[step, row]
            gate, wanted = gates[step, row], gradient[step, row]
            given, kept = of_given[step, row], of_kept[step, row]
            reset, update, new = gate[:h], gate[h : 2 * h], gate[2 * h : 3 * h]
            of_reset, of_update, of_new = given[:h], given[h : 2 * h], given[2 * h :]
            for o in range(h):
                carried[o] += wanted[o]
            for o in range(h):
                of_new[o] = carried[o] * (ONE - update[o]) * (ONE - new[o] * new[o])
            for o in range(h):
                change = carried[o] * (before[o] - new[o])
                of_update[o] = change * update[o] * (ONE - update[o])
            for o in range(h):
                of_reset[o] = of_new[o] * gate[3 * h + o] * reset[o] * (ONE - reset[o])
            kept[: 2 * h] = given[: 2 * h]
            for o in range(h):
                kept[2 * h + o] = of_new[o] * reset[o]
                carried[o] *= update[o]
            add_products(carried, w, 0, kept, 3 * h, h)
            if resets[step, row]:
                carried[:] = ZERO
        of_start[row] = carried


@functools.cache
def gru_kernels() -> tuple[Callable[..., None], Callable[..., None]]:
    """Forward and backward, compiled on first use (some seconds, then kept on disk)."""
    one, two, three = numba.float32[::1], numba.float32[:, ::1], numba.float32[:, :, ::1]
    mask = numba.boolean[:, ::1]
    folder, kept = usable_folder("gru", Path(__file__).parent)

    def on_miss() -> None:
        to_stderr(f"compiling the GRU, about 2 s; {kept}")

    forward = numba.void(three, one, one, mask, three, three)
    backward = numba.void(three, one, mask, three, three, three, three, two)
    return (
        compiled(_forward, forward, folder, on_miss),
        compiled(_backward, backward, folder, on_miss),
    )


class _Sequence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        given: torch.Tensor,
        w_hidden: torch.Tensor,
        b_hidden: torch.Tensor,
        start: torch.Tensor,
        resets: torch.Tensor,
    ) -> torch.Tensor:
        t, n, h = *given.shape[:2], start.shape[1]
        hidden, gates = torch.empty(t + 1, n, h), torch.empty(t, n, 4 * h)
        hidden[0] = start
        gru_kernels()[0](
            given.contiguous().numpy(),
            w_hidden.T.contiguous().numpy().ravel(),
            b_hidden.contiguous().numpy(),
            resets.numpy(),
            hidden.numpy(),
            gates.numpy(),
        )
        ctx.save_for_backward(w_hidden, resets, hidden, gates)
        return hidden[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        w_hidden, resets, hidden, gates = ctx.saved_tensors
        t, n, h = gradient.shape
        of_given, of_kept = torch.empty(t, n, 3 * h), torch.empty(t, n, 3 * h)
        of_start = torch.empty(n, h)
        gru_kernels()[1](
            gradient.contiguous().numpy(),
            w_hidden.contiguous().numpy().ravel(),
            resets.numpy(),
            hidden.numpy(),
            gates.numpy(),
            of_given.numpy(),
            of_kept.numpy(),
            of_start.numpy(),
        )
        flat = of_kept.view(-1, 3 * h)
        before = hidden[:-1].masked_fill(resets[..., None], 0.0)
        of_weights = flat.T @ before.view(-1, h)
        return of_given, of_weights, flat.sum(0), of_start, None


def fits(*tensors: torch.Tensor) -> bool:
    """Whether the kernels take these: float32 on the CPU."""
    return all(tensor.dtype == torch.float32 and tensor.device.type == "cpu" for tensor in tensors)


def gru(
    given: torch.Tensor,
    w_hidden: torch.Tensor,
    b_hidden: torch.Tensor,
    start: torch.Tensor,
    resets: torch.Tensor | None = None,
) -> torch.Tensor:
    """Hidden states [t, n, h] after each step; differentiable once.

    Args:
        given: [t, n, 3h], the inputs times their weights, plus their bias. Gates in torch's order:
            reset, update, new.
        w_hidden: [3h, h].
        b_hidden: [3h].
        start: [n, h].
        resets: [t, n] bool, the hidden state is set to zero before this step; none: never.

    Raises:
        ValueError: if the sizes do not fit: compiled code reads whatever the sizes say. The dtypes
            and devices must be those of `fits`.
    """
    n, h = start.shape
    if resets is None:
        resets = torch.zeros(given.shape[0], n, dtype=torch.bool)
    shapes = [tuple(tensor.shape) for tensor in (given, w_hidden, b_hidden, resets)]
    wanted = [(given.shape[0], n, 3 * h), (3 * h, h), (3 * h,), (given.shape[0], n)]
    if shapes != wanted or resets.dtype != torch.bool:
        raise ValueError(
            f"a GRU of {h} units in {n} rows needs inputs [t, {n}, {3 * h}], weights "
            f"[{3 * h}, {h}], a bias [{3 * h}] and resets [t, {n}] of torch.bool, got "
            f"{[list(shape) for shape in shapes]} of {resets.dtype}"
        )
    hidden: torch.Tensor = _Sequence.apply(given, w_hidden, b_hidden, start, resets.contiguous())
    return hidden
