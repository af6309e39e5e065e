"""The PPO update of a feed-forward actor and critic, compiled by Numba: all epochs in one call.

Schulman et al. 2017, "Proximal Policy Optimization Algorithms" (arXiv 1707.06347); Adam is that of
arXiv 1412.6980. The same function as autograd with torch.optim.Adam, up to rounding. Blocks of rows
pass through both networks, forward and back, while they are in the cache. All sums have one fixed
order, and a call uses one thread, so results do not depend on the number of threads.
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
from .layers import BLOCK, SECOND_LAYER, backward, forward, length, turn, width_of
from .ppo_loss import KL, losses
from .products import LANES, ROWS, START, callee, wide

FIRST, SECOND, EPSILON = np.float32(0.9), np.float32(0.999), np.float32(1e-5)  # of Adam
NOT_FINITE = -1


@callee
def _adam(weights, mean, square, gradient, scale, steps, lr):
    """One step of Adam on the gradient times `scale`; steps: with this one."""
    rate = np.float32(lr / (1.0 - 0.9**steps))
    correction = np.float32(1.0 / math.sqrt(1.0 - 0.999**steps))
    for i in range(len(weights)):
        g = gradient[i] * scale
        mean[i] = FIRST * mean[i] + (ONE - FIRST) * g
        square[i] = SECOND * square[i] + (ONE - SECOND) * g * g
        weights[i] -= rate * mean[i] / (math.sqrt(square[i]) * correction + EPSILON)


@callee
def _gather(observations, rows, x):
    """Write the observations [N, o] of some rows to x, each padded to LANES."""
    n = observations.shape[1]
    width = wide(n)
    for i in range(len(rows)):
        observation = observations[rows[i]]
        for j in range(n):
            x[i * width + j] = observation[j]


@callee
def _gradient(networks, work, observations, batch, rows, settings, share):
    """Add the gradient of the loss of some transitions (indices `rows`); their mean's if `share` is
    1 / len(rows).

    networks: weights, log_std [a] or empty, sizes of actor and of critic. work: arrays as made in
    `_update`.
    """
    weights, log_std, actor, critic = networks
    turned, zeros, x, wanted, gradient, of_log_std, sums = work
    critic_at, first, n = length(actor), BLOCK * wide(actor[0]), actor[len(actor) - 1]
    second = first + BLOCK * width_of(actor)
    for begin in range(0, len(rows), BLOCK):
        block = rows[begin : begin + BLOCK]
        m = (len(block) + ROWS - 1) // ROWS * ROWS
        _gather(observations, block, x)
        policy = forward(weights, START, actor, x, first, m)
        value = forward(weights, critic_at, critic, x, second, m)
        fill(wanted, policy + len(block) * wide(n), policy + m * wide(n))
        fill(wanted, value + len(block) * LANES, value + m * LANES)
        losses(batch, block, x, policy, value, log_std, settings, share, wanted, of_log_std, sums)
        backward(turned, zeros, START, actor, x, first, m, wanted, gradient)
        backward(turned, zeros, critic_at, critic, x, second, m, wanted, gradient)


@callee
def _alive(order, alive, rows):
    """Write those indices in `order` whose transitions are alive to `rows`; their number."""
    n = 0
    for i in order:
        if alive[i]:
            rows[n] = i
            n += 1
    return n


@callee
def _minibatch(networks, moments, steps, work, observations, batch, rows, settings):
    """One step of Adam on the mean loss of some transitions; whether the gradient is finite."""
    weights, log_std, actor, critic = networks
    gradient, of_log_std, log_std_at = work[4], work[5], length(actor) + length(critic)
    turn(weights, START, actor, work[0], SECOND_LAYER)
    turn(weights, length(actor), critic, work[0], SECOND_LAYER)
    fill(gradient, START, len(gradient))
    of_log_std[:] = 0.0
    loss = (
        np.float32(settings[0]),
        np.float32(settings[1]),
        np.float32(settings[2]),
        np.float32(settings[7]),
    )
    share = ONE / np.float32(max(len(rows), 1))
    _gradient(networks, work, observations, batch, rows, loss, share)
    for j in range(len(log_std)):
        gradient[log_std_at + j] = of_log_std[j]
    norm = norm_of(gradient)
    if not math.isfinite(norm):
        return False
    scale = np.float32(min(1.0, settings[4] / (norm + 1e-6)))
    _adam(weights, moments[0], moments[1], gradient, scale, steps, settings[3])
    for j in range(len(log_std)):
        log_std[j] = max(log_std[j], np.float32(settings[6]))
    return True


@callee
def _scratch(sizes, critic, gradient):
    """The arrays `work` of `_gradient`."""
    widest = 0
    for layer in range(len(sizes)):
        widest = max(widest, wide(sizes[layer]))
    numbers = BLOCK * (wide(sizes[0]) + width_of(sizes) + width_of(critic))
    x, wanted = np.zeros(numbers, np.float32), np.zeros(numbers, np.float32)
    turned, zeros = np.zeros(len(gradient), np.float32), np.zeros(widest, np.float32)
    return turned, zeros, x, wanted, gradient, np.zeros(sizes[len(sizes) - 1]), np.zeros(5)


def _update(
    weights: np.ndarray,
    moments: np.ndarray,
    steps: int,
    observations: np.ndarray,
    batch: tuple[np.ndarray, ...],
    alive: np.ndarray,
    order: np.ndarray,
    minibatches: int,
    sizes: np.ndarray,
    settings: np.ndarray,
    results: np.ndarray,
    gradient: np.ndarray,
) -> int:
    """Epochs done, or NOT_FINITE if a gradient is NaN or infinite, which `gradient` then holds.

    weights [p] (actor, critic, log_std if there are as many numbers) and moments [2, p] are changed
    in place. observations [N, o]; batch: actions [N, a], log probabilities, advantages, targets
    [N]; alive [N]; order [epochs, N]. sizes: of the actor; the critic has one output instead of the
    last. settings: clip, value weight, entropy weight, lr, largest gradient norm, target KL, least
    log_std, value limit. results [epochs, 5], zero: the parts of the loss (ppo_loss), means over
    minibatches.
    """
    critic, total = np.ones(len(sizes), np.int64), order.shape[1]
    for layer in range(len(sizes) - 1):
        critic[layer] = sizes[layer]
    log_std_at, n = length(sizes) + length(critic), sizes[len(sizes) - 1]
    log_std = weights[log_std_at : min(log_std_at + n, len(weights))]
    networks, work = (weights, log_std, sizes, critic), _scratch(sizes, critic, gradient)
    rows, sums = np.empty(total, np.int64), work[6]
    for epoch in range(len(order)):
        for part in range(minibatches):
            size, more = total // minibatches, total % minibatches  # as numpy.array_split
            begin = part * size + min(part, more)
            end = begin + size + (1 if part < more else 0)
            chosen = rows[: _alive(order[epoch, begin:end], alive, rows)]
            steps += 1
            sums[:] = 0.0
            if not _minibatch(
                networks, moments, steps, work, observations, batch, chosen, settings
            ):
                return NOT_FINITE
            for j in range(5):
                results[epoch, j] += sums[j] / (max(len(chosen), 1) * minibatches)
        if settings[5] > 0.0 and results[epoch, KL] > settings[5]:
            return epoch + 1
    return len(order)


@functools.cache
def ppo_kernel() -> Callable[..., int]:
    """Compiled on first use (some seconds, then kept on disk); never at import."""
    one, two = numba.float32[::1], numba.float32[:, ::1]
    i64, f64 = numba.int64, numba.float64
    batch = numba.types.Tuple((two, one, one, one))
    arrays = one, two, i64, two, batch, numba.boolean[::1], i64[:, ::1]
    signature = i64(*arrays, i64, i64[::1], f64[::1], f64[:, ::1], one)
    folder, kept = usable_folder("ppo", Path(__file__).parent)
    line = f"compiling the PPO update, about 5 s; {kept}"
    return compiled(_update, signature, folder, lambda: to_stderr(line))
