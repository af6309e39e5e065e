"""Gradient steps of soft actor-critic, with PEARL's encoder, compiled by Numba: many in one call.

Haarnoja et al. 2018 (arXiv 1801.01290), Rakelly et al. 2019 (arXiv 1903.08254); Adam is that of
arXiv 1412.6980. The same function as autograd on the losses of offpolicy.sac and offpolicy.pearl,
up to rounding. Blocks of rows pass through all networks, forward and back, while they are in the
cache. All sums have one fixed order, and a call uses one thread, so results do not depend on the
number of threads.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np

from openpoet.kernel_cache import compiled, to_stderr, usable_folder

from .arithmetic import ONE
from .flat_numbers import fill, norm_of
from .layers import BLOCK, FIRST_LAYER, SECOND_LAYER, length, turn
from .posterior import infer, infer_gradient, numbers
from .products import START, callee
from .sac_loss import critic_gradient, policy_gradient, scratch

FIRST, SECOND, EPSILON = np.float32(0.9), np.float32(0.999), np.float32(1e-8)  # of Adam
# as parts.adam has them: 1 - SECOND in float32 is another number
NEW_FIRST, NEW_SECOND = np.float32(0.1), np.float32(0.001)


@callee
def _adam(weights, mean, square, gradient, steps, lr):
    """One step of Adam as in parts.adam; steps: with this one."""
    rate = np.float32(lr * math.sqrt(1.0 - 0.999**steps) / (1.0 - 0.9**steps))
    for i in range(len(weights)):
        g = gradient[i]
        mean[i] = FIRST * mean[i] + NEW_FIRST * g
        square[i] = SECOND * square[i] + NEW_SECOND * g * g
        weights[i] -= rate * mean[i] / (math.sqrt(square[i]) + EPSILON)


@callee
def _average(targets, critics, tau):
    """Move the target critics towards the critics."""
    for i in range(len(targets)):
        targets[i] += tau * (critics[i] - targets[i])


@callee
def _actor_critic(networks, work, gradient, batch, rows, z, noise, settings, of_z):
    """Add the gradients of the critics' and the policy's loss; the mean entropy."""
    total, each = 0.0, len(rows) // len(z)
    for begin in range(0, len(rows), BLOCK):
        place = rows[begin : begin + BLOCK], begin, each
        critic_gradient(networks, work, gradient, batch, place, z, noise[1], settings, of_z)
        total += policy_gradient(networks, work, gradient, batch, place, z, noise[0], settings)
    return total / len(rows)


def _update(
    state: tuple[np.ndarray, np.ndarray, np.ndarray],
    steps: int,
    batch: tuple[np.ndarray, ...],
    rows: np.ndarray,
    noise: np.ndarray,
    contexts: np.ndarray,
    context_rows: np.ndarray,
    latent_noise: np.ndarray,
    sizes: tuple[np.ndarray, np.ndarray, np.ndarray],
    settings: np.ndarray,
    gradient: np.ndarray,
) -> int:
    """Steps done: fewer than asked for if a gradient is NaN or infinite, which `gradient` holds.

    state: weights [p] (policy, two critics, encoder, log temperature if it is learned), moments
    [2, p] and target critics, changed in place. steps: of Adam so far. batch: observations [N, o],
    actions [N, a], rewards [N], next observations [N, o], terminated [N]. For each of s steps:
    rows [s, n], the transitions, as many for each draw, and noise [s, 2, n, a], standard normal,
    for the policy and for the targets. contexts [M, t], context_rows [s, draws * k]; latent_noise
    [s, draws, latent], standard normal. sizes: of policy, critic, encoder; without an encoder
    empty, and latent is 0. settings: gamma, tau, lr, weight of the KL divergence, temperature if it
    is not learned, entropy that a learned one keeps.
    """
    (weights, moments, targets), (policy, critic, encoder) = state, sizes
    n, draws, latent = rows.shape[1], latent_noise.shape[1], latent_noise.shape[2]
    critic_at, own = length(policy), length(critic)
    encoder_at = critic_at + 2 * own
    temperature_at = encoder_at + length(encoder)
    networks, work = (weights, targets, policy, critic), scratch(policy, critic, len(weights))
    turned, z = work[0], np.zeros((draws, latent), np.float32)
    sums, of_z, units = np.zeros((2, draws, latent)), np.zeros((draws, latent)), numbers(encoder)
    kept = np.zeros(((context_rows.shape[1] + BLOCK - 1) // BLOCK, units), np.float32)
    scratch_units, zeros = np.zeros(units, np.float32), np.zeros(units, np.float32)
    for s in range(len(rows)):
        temperature, learned = np.float32(settings[4]), temperature_at < len(weights)
        if learned:
            temperature = np.float32(math.exp(weights[temperature_at]))
        turn(weights, START, policy, turned, SECOND_LAYER)
        turn(weights, critic_at, critic, turned, FIRST_LAYER)
        turn(weights, critic_at + own, critic, turned, FIRST_LAYER)
        fill(gradient, START, len(gradient))
        if latent > 0:
            turn(weights, encoder_at, encoder, turned, SECOND_LAYER)
            infer(
                weights, encoder_at, encoder, contexts, context_rows[s], latent_noise[s], kept,
                sums, z,
            )  # fmt: skip
            of_z[:, :] = 0.0
        loss = np.float32(settings[0]), temperature, ONE / np.float32(n)
        entropy = _actor_critic(networks, work, gradient, batch, rows[s], z, noise[s], loss, of_z)
        if latent > 0:
            infer_gradient(
                turned, zeros, encoder_at, encoder, context_rows.shape[1], latent_noise[s], kept,
                sums, of_z, settings[3], gradient, scratch_units,
            )  # fmt: skip
        if learned:
            gradient[temperature_at] = entropy - settings[5]
        if not math.isfinite(norm_of(gradient)):
            return s
        _adam(weights, moments[0], moments[1], gradient, steps + s + 1, settings[2])
        _average(targets, weights[critic_at:encoder_at], np.float32(settings[1]))
    return len(rows)


@functools.cache
def sac_kernel() -> Callable[..., int]:
    """Compiled on first use (some seconds, then kept on disk); never at import."""
    one, two, three, four = (numba.types.Array(numba.float32, n, "C") for n in range(1, 5))
    i64, places = numba.int64, numba.int64[:, ::1]
    state, size = numba.types.Tuple((one, two, one)), numba.types.UniTuple(i64[::1], 3)
    batch = numba.types.Tuple((two, two, one, two, numba.boolean[::1]))
    signature = i64(
        state, i64, batch, places, four, two, places, three, size, numba.float64[::1], one
    )
    folder, kept = usable_folder("sac", Path(__file__).parent)
    line = f"compiling the SAC update, about 15 s; {kept}"
    return compiled(_update, signature, folder, lambda: to_stderr(line))
