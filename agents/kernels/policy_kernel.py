"""The kernel of networks.Policy.act, compiled by Numba: actions of rows, each with its own weights.

Sums have one fixed order, so that a row's actions do not depend on the other rows.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np

from openpoet.kernel_cache import compiled, to_stderr, usable_folder

from .arithmetic import ONE, ZERO, add_products, part, sigmoid, tanh


@part
def _remember(total, kept, w, x, n, h, memory):
    """The GRU of one row: writes the new hidden state to x and memory [h].

    Returns the first layer's offset in w.
    """
    bias = 3 * h * (n + h)
    for o in range(3 * h):
        total[o], kept[o] = w[bias + o], ZERO
    add_products(total, w, 0, x, n, 3 * h)
    add_products(kept, w, 3 * h * n, memory, h, 3 * h)
    for o in range(h):
        reset, update = sigmoid(total[o] + kept[o]), sigmoid(total[h + o] + kept[h + o])
        new = tanh(total[2 * h + o] + reset * kept[2 * h + o])
        memory[o] = (ONE - update) * new + update * memory[o]
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
            add_products(total, w, at, x, n, m)
            if relu and layer < layers - 1:
                for o in range(m):
                    x[o] = max(total[o], ZERO)
            else:
                for o in range(m):
                    x[o] = tanh(total[o])
            at += n * m + m
            n = m
        for o in range(n):
            actions[row, o] = x[o]


@functools.cache
def policy_kernel() -> Callable[..., None]:
    """Compiled on first use (about a second, then kept on disk); never at import."""
    f32, i64 = numba.float32[:, ::1], numba.int64[::1]
    signature = numba.void(f32, i64, i64, f32, i64, f32, f32)
    folder, kept = usable_folder("policy", Path(__file__).parent)
    line = f"compiling the policy, about 2 s; {kept}"
    return compiled(_forward, signature, folder, lambda: to_stderr(line))
