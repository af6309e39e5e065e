"""The kernel of networks.Policy.act, compiled by Numba: actions of rows, each with its own weights.

Sums have one fixed order, so that a row's actions do not depend on the other rows.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from . import kernel_cache
from .kernel_cache import shared_name, to_stderr

# tanh(x) = x P(x^2) / Q(x^2) on [-8, 8], fitted by weighted least squares to minimise the largest
# relative error; in float32 it is within 4e-7 of tanh and never leaves [-1, 1]. math.tanh is far
# slower: it is not vectorised.
_P0, _P1, _P2, _P3, _P4 = (
    np.float32(p) for p in (1.0, 0.134444997, 0.0035715999, 2.18946952e-05, 1.52304640e-08)
)
_Q1, _Q2, _Q3, _Q4 = (
    np.float32(q) for q in (0.467778265, 0.0261644498, 0.000341129518, 8.52246501e-07)
)
_ONE, _HALF, _ZERO, _EDGE = np.float32(1), np.float32(0.5), np.float32(0), np.float32(8)


def part(function: Callable[..., Any]) -> Any:
    """Decorator of a part of the kernel below; compiled with it."""
    return numba.njit(nogil=True, error_model="numpy", forceinline=True)(shared_name(function))


@part
def _tanh(x):
    z = min(max(x, -_EDGE), _EDGE)
    y = z * z
    above = z * ((((_P4 * y + _P3) * y + _P2) * y + _P1) * y + _P0)
    return above / ((((_Q4 * y + _Q3) * y + _Q2) * y + _Q1) * y + _ONE)


@part
def _sigmoid(x):
    return _HALF + _HALF * _tanh(_HALF * x)


@part
def _add_products(total, w, at, x, n, m):
    """total [m] += x [n] times the matrix [n, m] at `at`, in the order 0, 1, 2, ... of the inputs.

    The inner loops run over the outputs, so they vectorise without reordering; four inputs at a
    time, so that the sums stay in registers.
    """
    fours = n - n % 4
    for i in range(0, fours, 4):
        w0, w1 = w[at + i * m : at + (i + 1) * m], w[at + (i + 1) * m : at + (i + 2) * m]
        w2, w3 = w[at + (i + 2) * m : at + (i + 3) * m], w[at + (i + 3) * m : at + (i + 4) * m]
        x0, x1, x2, x3 = x[i], x[i + 1], x[i + 2], x[i + 3]
        for o in range(m):
            total[o] = (((total[o] + x0 * w0[o]) + x1 * w1[o]) + x2 * w2[o]) + x3 * w3[o]
    for i in range(fours, n):
        for o in range(m):
            total[o] += x[i] * w[at + i * m + o]


@part
def _remember(total, kept, w, x, n, h, memory):
    """The GRU of one row: writes the new hidden state to x and memory [h].

    Returns the first layer's offset in w.
    """
    bias = 3 * h * (n + h)
    for o in range(3 * h):
        total[o], kept[o] = w[bias + o], _ZERO
    _add_products(total, w, 0, x, n, 3 * h)
    _add_products(kept, w, 3 * h * n, memory, h, 3 * h)
    for o in range(h):
        reset, update = _sigmoid(total[o] + kept[o]), _sigmoid(total[h + o] + kept[h + o])
        new = _tanh(total[2 * h + o] + reset * kept[2 * h + o])
        memory[o] = (_ONE - update) * new + update * memory[o]
        x[o] = memory[o]
    return bias + 3 * h


@part
def _fits(weights, observations, layout, memory, actions):
    """Whether the layout is valid and matches the arrays' widths."""
    if len(layout) < 4 or layout[1] < 0 or layout[2:].min() < 1 or layout.max() > weights.shape[1]:
        return False
    units, n, last = layout[1], layout[2], layout[len(layout) - 1]
    parameters = 3 * units * (n + units + 1)
    for layer in range(3, len(layout)):
        inputs = units if layer == 3 and units > 0 else layout[layer - 1]
        parameters += (inputs + 1) * layout[layer]
    wide = observations.shape[1] == n and actions.shape[1] == last and memory.shape[1] == units
    return wide and weights.shape[1] == parameters


def _forward(
    weights: np.ndarray,
    member: np.ndarray,
    rows: np.ndarray,
    observations: np.ndarray,
    layout: np.ndarray,
    memory: np.ndarray,
    actions: np.ndarray,
) -> None:
    """The kernel of `Policy.act`.

    Compiled code may call it with sizes that Python has not checked. If they do not match the
    layout, all actions are NaN, which every simulator rejects, and nothing else is read or written.
    """
    if not _fits(weights, observations, layout, memory, actions):
        actions[:, :] = np.float32(np.nan)
        return
    relu, units, sizes = layout[0] != 0, layout[1], layout[2:]
    layers, most = len(sizes) - 1, max(3 * units, sizes.max())
    x, total, kept = (
        np.empty(most, np.float32),
        np.empty(most, np.float32),
        np.empty(3 * units, np.float32),
    )
    for j in range(len(rows)):
        row = rows[j]
        w, at, n = weights[member[row]], 0, sizes[0]
        for i in range(n):
            x[i] = observations[row, i]
        if units > 0:
            at, n = _remember(total, kept, w, x, n, units, memory[row]), units
        for layer in range(layers):
            m = sizes[layer + 1]
            total[:m] = w[at + n * m : at + n * m + m]
            _add_products(total, w, at, x, n, m)
            if relu and layer < layers - 1:
                for o in range(m):
                    x[o] = max(total[o], _ZERO)
            else:
                for o in range(m):
                    x[o] = _tanh(total[o])
            at += n * m + m
            n = m
        for o in range(n):
            actions[row, o] = x[o]


@functools.cache
def policy_kernel() -> Callable[..., None]:
    """Compiled on first use (about a second, then kept on disk); never at import."""
    f32, i64 = numba.float32[:, ::1], numba.int64[::1]
    signature = numba.void(f32, i64, i64, f32, i64, f32, f32)
    folder, kept = kernel_cache.usable_folder("policy", Path(__file__).parent)
    line = f"compiling the policy, about 2 s; {kept}"
    return kernel_cache.compiled(_forward, signature, folder, lambda: to_stderr(line))
