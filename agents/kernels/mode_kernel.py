"""Most likely or sampled actions of feed-forward actors, compiled by Numba, for `Simulator.play`.

The same numbers as act_kernel's, on inputs normalised as by ppo.normalisation. The noise of sampled
actions is drawn before an episode begins (`noise_memory`).
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
ABSENT, SPENT = -1, -2  # in place of where a step's noise begins
TAKEN = 1  # numbers of a row's memory before its noise: steps taken


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
def _noise_at(memory, n):
    """Where the noise [n] of this step begins in a row's memory, which counts the step; ABSENT
    without noise, SPENT if none is left.
    """
    if len(memory) == 0:
        return ABSENT
    at = TAKEN + n * np.int64(memory[0])
    memory[0] += ONE
    return at if at + n <= len(memory) else SPENT


@callee
def _choose(outputs, noise, discrete, action):
    """Write an action [n]: outputs + noise, or the one-hot largest of them. noise: [n] or [0]."""
    best = 0
    for j in range(len(outputs)):
        action[j] = outputs[j] + noise[j] if len(noise) > 0 else outputs[j]
        best = j if action[j] > action[best] else best
    if discrete:
        for j in range(len(outputs)):
            action[j] = ONE if j == best else ZERO


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
    of the layers. memory: [n, 0] for the most likely actions, or `noise_memory`. If sizes do not
    match the layout, or no noise is left, actions are NaN, which every simulator rejects.
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
            row = rows[begin + i]
            noise = _noise_at(memory[row], outputs)
            if noise == SPENT:
                actions[row, :] = np.float32(np.nan)
                continue
            of_step = memory[row, noise : noise + outputs] if noise != ABSENT else memory[row, :0]
            found = x[at + i * wide(outputs) : at + i * wide(outputs) + outputs]
            _choose(found, of_step, discrete, actions[row])
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


def noise_memory(noise: np.ndarray) -> np.ndarray:
    """The kernel's memory of n rows. noise: [steps, n, actions], of every step of an episode, that
    is added to the actor's outputs.
    """
    steps, n, actions = noise.shape
    memory = np.zeros((n, TAKEN + steps * actions), np.float32)
    memory[:, TAKEN:] = noise.swapaxes(0, 1).reshape(n, -1)
    return memory


def row_of(flat: np.ndarray, architecture: Architecture, normaliser: np.ndarray) -> np.ndarray:
    """The kernel's weights [1, p]. flat: as `Architecture.pack`; normaliser: mean and scale
    [2, inputs].
    """
    actor = sum(
        (padded(inputs) + 1) * padded(outputs) for inputs, outputs in pairwise(architecture.actor)
    )
    return np.concatenate([normaliser.ravel(), flat[:actor]]).astype(np.float32)[None]
