"""Most likely actions of feed-forward actors, compiled by Numba, for `Simulator.play`.

The same numbers as act_kernel's with zeros as noise, on inputs normalised as by ppo.normalisation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numba
import numpy as np

from openpoet.kernel_cache import compiled, to_stderr, usable_folder

from .arithmetic import ONE, ZERO
from .layers import BLOCK, forward, length, width_of
from .ppo_network import Architecture
from .products import ROWS, START, callee, padded, wide

KINDS = 2  # numbers of a layout before the sizes


@callee
def _fits(weights, observations, layout, actions):
    """Whether the layout is valid and matches the arrays' widths."""
    if len(layout) < KINDS + 2 or layout[KINDS:].min() < 1:
        return False
    sizes = layout[KINDS:]
    if sizes.max() > weights.shape[1] or observations.shape[1] != sizes[0]:
        return False
    numbers = 2 * sizes[0] + length(sizes)
    return actions.shape[1] == sizes[len(sizes) - 1] and weights.shape[1] == numbers


@callee
def _input(observation, weights, n, limit, x):
    """Write an observation [n] to x, normalised if there is a limit.

    weights: mean [n] and scale [n] first.
    """
    for j in range(n):
        value = observation[j]
        if limit > ZERO:
            value = min(max((value - weights[j]) * weights[n + j], -limit), limit)
        x[j] = value


def _modes(
    weights: np.ndarray,
    member: np.ndarray,
    rows: np.ndarray,
    observations: np.ndarray,
    layout: np.ndarray,
    memory: np.ndarray,
    actions: np.ndarray,
) -> None:
    """See poet.interfaces, `Simulator.play`.

    weights: [members, p], each the mean and scale of the inputs and the actor (layers.py). layout:
    the limit of normalised inputs, or 0 without normalisation; whether actions are discrete; sizes
    of the layers. If sizes do not match the layout all actions are NaN, which every simulator
    rejects.
    """
    if not _fits(weights, observations, layout, actions):
        actions[:, :] = np.float32(np.nan)
        return
    limit, discrete, sizes = np.float32(layout[0]), layout[1] != 0, layout[KINDS:]
    n, outputs = sizes[0], sizes[len(sizes) - 1]
    first = BLOCK * wide(n)
    x = np.zeros(first + BLOCK * width_of(sizes), np.float32)
    begin = 0
    while begin < len(rows):
        own, end = member[rows[begin]], begin
        while end < len(rows) and end - begin < BLOCK and member[rows[end]] == own:
            _input(observations[rows[end]], weights[own], n, limit, x[(end - begin) * wide(n) :])
            end += 1
        m = (end - begin + ROWS - 1) // ROWS * ROWS
        at = forward(weights[own, 2 * n :], START, sizes, x, first, m)
        for i in range(end - begin):
            found, row = x[at + i * wide(outputs) : at + i * wide(outputs) + outputs], begin + i
            best = 0
            for j in range(outputs):
                best = j if found[j] > found[best] else best
            for j in range(outputs):
                mode = ONE if j == best else ZERO
                actions[rows[row], j] = mode if discrete else found[j]
        begin = end


@functools.cache
def mode_kernel() -> Callable[..., None]:
    """Compiled on first use (some seconds, then kept on disk); never at import."""
    f32, i64 = numba.float32[:, ::1], numba.int64[::1]
    signature = numba.void(f32, i64, i64, f32, i64, f32, f32)
    folder, kept = usable_folder("mode", Path(__file__).parent)
    line = f"compiling the actor for whole episodes, about 2 s; {kept}"
    return compiled(_modes, signature, folder, lambda: to_stderr(line))


def layout_of(architecture: Architecture, limit: int) -> np.ndarray:
    """The kernel's layout. limit: of normalised inputs; 0: inputs are not normalised."""
    return np.array([limit, architecture.discrete, *architecture.actor], np.int64)


def row_of(flat: np.ndarray, architecture: Architecture, normaliser: np.ndarray) -> np.ndarray:
    """The kernel's weights [1, p]. flat: as `Architecture.pack`; normaliser: mean and scale
    [2, inputs].
    """
    actor = sum(
        (padded(inputs) + 1) * padded(outputs) for inputs, outputs in pairwise(architecture.actor)
    )
    return np.concatenate([normaliser.ravel(), flat[:actor]]).astype(np.float32)[None]
