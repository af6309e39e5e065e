"""Actions, log probabilities and values of a feed-forward actor and critic, compiled by Numba.

One call a step of a rollout. A row's results do not depend on the other rows.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import torch

from openpoet.kernel_cache import compiled, to_stderr, usable_folder

from .arithmetic import HALF, ZERO
from .layers import BLOCK, forward, length, width_of
from .ppo_loss import HALF_LOG_2_PI, categorical
from .ppo_network import Architecture, Named
from .products import LANES, ROWS, START, callee, wide


@callee
def _gaussian(mean, log_std, noise, action):
    """Write an action [n]; its log probability."""
    log_prob = ZERO
    for j in range(len(action)):
        action[j] = mean[j] + math.exp(log_std[j]) * noise[j]
        log_prob -= HALF * noise[j] * noise[j] + log_std[j] + HALF_LOG_2_PI
    return log_prob


@callee
def _categorical(logits, noise, action):
    """Write a one-hot action [n], the largest of logits + noise; its log probability."""
    n, best = len(action), 0
    for j in range(n):
        action[j] = ZERO
        if logits[j] + noise[j] > logits[best] + noise[best]:
            best = j
    action[best] += np.float32(1)
    return categorical(logits, np.empty(n, np.float32), action, n)[0]


def _act(
    weights: np.ndarray,
    sizes: np.ndarray,
    inputs: np.ndarray,
    noise: np.ndarray,
    actions: np.ndarray,
    log_probs: np.ndarray,
    values: np.ndarray,
) -> None:
    """Actions, log probabilities and values of rows.

    inputs [n, i]; noise [n, a], or [0, a] for the values alone.

    weights, sizes: see ppo_kernel. Written: actions [n, a], log_probs [n], values [n].
    """
    critic, n = np.ones(len(sizes), np.int64), sizes[len(sizes) - 1]
    for layer in range(len(sizes) - 1):
        critic[layer] = sizes[layer]
    critic_at, first = length(sizes), BLOCK * wide(sizes[0])
    log_std_at = critic_at + length(critic)
    log_std = weights[log_std_at : min(log_std_at + n, len(weights))]
    x = np.empty(first + BLOCK * max(width_of(sizes), width_of(critic)), np.float32)
    for begin in range(0, len(inputs), BLOCK):
        rows = min(BLOCK, len(inputs) - begin)
        m = (rows + ROWS - 1) // ROWS * ROWS
        for i in range(rows):
            for j in range(sizes[0]):
                x[i * wide(sizes[0]) + j] = inputs[begin + i, j]
        if len(noise) > 0:
            at = forward(weights, START, sizes, x, first, m)
            for i in range(rows):
                outputs, row = x[at + i * wide(n) : at + i * wide(n) + n], begin + i
                if len(log_std) > 0:
                    log_probs[row] = _gaussian(outputs, log_std, noise[row], actions[row])
                else:
                    log_probs[row] = _categorical(outputs, noise[row], actions[row])
        at = forward(weights, critic_at, critic, x, first, m)
        for i in range(rows):
            values[begin + i] = x[at + i * LANES]


@functools.cache
def act_kernel() -> Callable[..., None]:
    """Compiled on first use (some seconds, then kept on disk); never at import."""
    one, two = numba.float32[::1], numba.float32[:, ::1]
    folder, kept = usable_folder("act", Path(__file__).parent)
    line = f"compiling the actor and critic, about 2 s; {kept}"
    signature = numba.void(one, numba.int64[::1], two, two, two, one, one)
    return compiled(_act, signature, folder, lambda: to_stderr(line))


class Acted(NamedTuple):
    """Results of one step of n rows, float32."""

    actions: torch.Tensor  # [n, a]; discrete ones are one-hot
    log_probs: torch.Tensor  # [n]
    values: torch.Tensor  # [n]


class Actor:
    """An actor and a critic with fixed weights, on the CPU.

    Raises:
        ValueError: as `Architecture.pack`, if the weights do not fit.
    """

    def __init__(self, architecture: Architecture, weights: Named) -> None:
        self.architecture = architecture
        self.flat, self._sizes = architecture.pack(weights), np.array(architecture.actor)
        self._none = np.empty((0, architecture.actions), np.float32)

    def act(self, inputs: torch.Tensor, noise: torch.Tensor) -> Acted:
        """Sampled actions, their log probabilities, and values.

        Args:
            inputs: [n, i] of the networks.
            noise: [n, a], see `noise_of`; zeros: the most likely actions.

        Raises:
            ValueError: if shapes or dtypes do not fit.
        """
        n = len(inputs)
        self._check("noise", noise, (n, self.architecture.actions))
        actions, log_probs = np.empty((n, self.architecture.actions), np.float32), _numbers(n)
        values = self._run(inputs, noise.contiguous().numpy(), actions, log_probs)
        return Acted(torch.from_numpy(actions), torch.from_numpy(log_probs), values)

    def values(self, inputs: torch.Tensor) -> torch.Tensor:
        """[n], of inputs [n, i]. ValueError as `act`."""
        return self._run(inputs, self._none, self._none, _numbers(0))

    def noise_of(self, uniform: torch.Tensor) -> torch.Tensor:
        """The noise of `act` [..., a] from numbers [..., a] uniform in [0, 1).

        Standard normal numbers, or for discrete actions standard Gumbel numbers.
        """
        if self.architecture.discrete:
            return -torch.log(-torch.log(uniform.clamp(1e-12, 1 - 1e-7)))
        return math.sqrt(2) * torch.erfinv((2 * uniform - 1).clamp(-1 + 1e-7, 1 - 1e-7))

    def _run(
        self, inputs: torch.Tensor, noise: np.ndarray, actions: np.ndarray, log_probs: np.ndarray
    ) -> torch.Tensor:
        self._check("inputs", inputs, (len(inputs), self.architecture.inputs))
        values = _numbers(len(inputs))
        act_kernel()(
            self.flat,
            self._sizes,
            inputs.contiguous().numpy(),
            noise,
            actions,
            log_probs,
            values,
        )
        return torch.from_numpy(values)

    def _check(self, name: str, tensor: torch.Tensor, shape: tuple[int, ...]) -> None:
        if tuple(tensor.shape) != shape or tensor.dtype != torch.float32:
            raise ValueError(
                f"the compiled networks need {name} {list(shape)} of torch.float32, got "
                f"{list(tensor.shape)} of {tensor.dtype}"
            )


def _numbers(n: int) -> np.ndarray:
    return np.empty(n, np.float32)
