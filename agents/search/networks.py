"""Policies whose weights are one flat vector, a different one for each member of a population.

The layout is original POET's (arXiv 1901.01753): layer by layer the weights [in, out] row by row, then the bias [out];
24-40-40-4 has 2,804 parameters, and its activation, tanh, is applied to the output too. A policy with memory has a GRU
(Cho et al. 2014, arXiv 1406.1078) between the observation and the first layer, which then sees the memory alone. Its
part of the vector comes first: weights [in, 3h], weights [h, 3h], bias [3h], gates in the order reset, update, new.
Differs from the paper and agrees with torch: the reset gate acts after the product with the memory; one bias a gate.

On the CPU a kernel of our own adds up each row's products in one fixed order, without fused multiply-add. A matrix
library promises no order, it may change it with the size of the batch, and one unit in the last place is enough to
send a walker elsewhere: here a row's action depends on its weights and observation alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numba
import numpy as np
import torch

from .sizes import check_array, check_indices

Activation = Literal["tanh", "relu"]
ROWS_A_THREAD = 512  # fewer are done (in 0.2 ms) before another thread has woken up

# tanh(x) = x P(x^2) / Q(x^2) on [-8, 8], fitted by weighted least squares to the least largest relative error;
# in float32 it is within 4e-7 of tanh and never leaves [-1, 1]. math.tanh costs far more: it has no vector form.
_P0, _P1, _P2, _P3, _P4 = (np.float32(p) for p in (1.0, 0.134444997, 0.0035715999, 2.18946952e-05, 1.52304640e-08))
_Q1, _Q2, _Q3, _Q4 = (np.float32(q) for q in (0.467778265, 0.0261644498, 0.000341129518, 8.52246501e-07))
_ONE, _HALF, _ZERO, _EDGE = np.float32(1), np.float32(0.5), np.float32(0), np.float32(8)
part = numba.njit(nogil=True, error_model="numpy", forceinline=True)  # of the kernel below; compiled with it


@dataclass(frozen=True)
class Policy:
    """Layer sizes, observations first and actions last; the output passes through tanh whatever the activation is."""

    sizes: tuple[int, ...]
    activation: Activation = "tanh"
    memory: int = 0  # units of the GRU; 0: none, and the policy is feed-forward

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or any(size < 1 for size in self.sizes):
            raise ValueError(f"a policy needs at least two layer sizes, all positive, got {list(self.sizes)}")
        if self.activation not in ("tanh", "relu"):
            raise ValueError(f'activation must be "tanh" or "relu", got {self.activation!r}')
        if self.memory < 0:
            raise ValueError(f"a memory has 0 units or more, got {self.memory}")

    @property
    def layers(self) -> tuple[tuple[int, int], ...]:
        """Inputs and outputs of each layer behind the memory."""
        sizes = (self.memory or self.sizes[0], *self.sizes[1:])
        return tuple(pairwise(sizes))

    @property
    def parameters(self) -> int:
        """Length of the flat weight vector."""
        gru = 3 * self.memory * (self.sizes[0] + self.memory + 1)
        return gru + sum(n * m + m for n, m in self.layers)

    def start(self, n: int) -> np.ndarray:
        """The memories of n rows before their first observation, [n, memory] float32."""
        return np.zeros((n, self.memory), np.float32)

    def forward(
        self, weights: torch.Tensor, observations: torch.Tensor, memory: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Actions [n, a] of observations [n, o], each row with its own weights [n, parameters]; any device.

        memory: [n, memory], changed in place. The order of summation is the library's: for the CPU, where results must
        not depend on the batch, see `act`.
        """
        x, at = observations, 0
        if memory is not None and self.memory:
            x, at = self._remember(weights, x, memory)
        for layer, (n, m) in enumerate(self.layers):
            x = _affine(x, weights, at, n, m, weights[:, at + n * m : at + n * m + m])
            last = layer == len(self.layers) - 1
            x = torch.relu(x) if self.activation == "relu" and not last else torch.tanh(x)
            at += n * m + m
        return x

    def _remember(self, weights: torch.Tensor, x: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, int]:
        """The GRU: its new memory, also written in place, and where the first layer's weights begin."""
        o, h = self.sizes[0], self.memory
        at = 3 * h * (o + h)
        given = _affine(x, weights, 0, o, 3 * h, weights[:, at : at + 3 * h])
        kept = _affine(memory, weights, 3 * h * o, h, 3 * h, torch.zeros_like(given))
        reset, update = torch.sigmoid(given[:, : 2 * h] + kept[:, : 2 * h]).chunk(2, dim=1)
        new = torch.tanh(given[:, 2 * h :] + reset * kept[:, 2 * h :])
        memory.copy_((1 - update) * new + update * memory)
        return memory, at + 3 * h

    @property
    def layout(self) -> np.ndarray:
        """Activation, units of memory and sizes, as the kernel takes them."""
        return np.array([self.activation == "relu", self.memory, *self.sizes], np.int64)

    def compiled(self) -> Callable[..., None]:
        """The kernel behind `act`: what a simulator's `play` calls at every step (poet.interfaces)."""
        return _kernel()

    def check_weights(self, weights: np.ndarray | torch.Tensor) -> None:
        """ValueError unless these are weights of this policy, [members, parameters] float32."""
        memory = f" with memory {self.memory}" if self.memory else ""
        name = f"weights of a {'-'.join(map(str, self.sizes))} policy{memory}"
        check_array(name, weights, "members", self.parameters)

    def act(
        self,
        weights: np.ndarray,
        member: np.ndarray,
        rows: np.ndarray,
        observations: np.ndarray,
        actions: np.ndarray,
        memory: np.ndarray | None = None,
        *,
        pool: Executor | None = None,
        threads: int = 1,
    ) -> None:
        """Write actions[rows] for observations[rows]; the other rows of `actions` stay as they are.

        weights [members, parameters] f32, member [n] i64 (which weights a row uses), rows [k] i64, observations [n, o]
        f32, actions [n, a] f32, memory [n, memory] f32, which is changed too, all contiguous. With a pool the rows are
        cut into at most `threads` parts; the cut changes nothing, since no row sees another.
        """
        n = len(member)
        memory = self.start(0 if self.memory else n) if memory is None else memory
        self.check_weights(weights)
        check_array("observations", observations, n, self.sizes[0])
        check_array("actions", actions, n, self.sizes[-1])
        check_array("memory", memory, n, self.memory)
        check_indices("member", member, len(weights))
        check_indices("rows", rows, n)
        kernel, layout = self.compiled(), self.layout
        threads = min(threads, len(rows) // ROWS_A_THREAD)
        if pool is None or threads < 2:
            kernel(weights, member, rows, observations, layout, memory, actions)
            return
        parts = [
            pool.submit(kernel, weights, member, part, observations, layout, memory, actions)
            for part in np.array_split(rows, threads)
        ]
        for part in parts:
            part.result()


def _affine(x: torch.Tensor, weights: torch.Tensor, at: int, n: int, m: int, bias: torch.Tensor) -> torch.Tensor:
    """[rows, m]: bias [rows, m] plus each row of x [rows, n] times its own [n, m], at `at` of its weights."""
    return torch.baddbmm(bias[:, None], x[:, None], weights[:, at : at + n * m].view(-1, n, m))[:, 0]


@part
def _tanh(x):  # type: ignore[no-untyped-def]  # Numba
    z = min(max(x, -_EDGE), _EDGE)
    y = z * z
    above = z * ((((_P4 * y + _P3) * y + _P2) * y + _P1) * y + _P0)
    return above / ((((_Q4 * y + _Q3) * y + _Q2) * y + _Q1) * y + _ONE)


@part
def _sigmoid(x):  # type: ignore[no-untyped-def]  # Numba
    return _HALF + _HALF * _tanh(_HALF * x)


@part
def _add_products(total, w, at, x, n, m):  # type: ignore[no-untyped-def]  # Numba
    """total [m] += x [n] times the matrix [n, m] at `at`, in the order 0, 1, 2, ... of the inputs.

    The inner loops run over the outputs, so they vectorise without reordering; four inputs at a time, so that the sums
    stay in registers.
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
def _remember(total, kept, w, x, n, h, memory):  # type: ignore[no-untyped-def]  # Numba
    """The GRU of one row: x [n] and memory [h] become the new memory, in both; where the first layer begins."""
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
def _fits(weights, observations, layout, memory, actions):  # type: ignore[no-untyped-def]  # Numba
    """Whether the widths are those of the layout, and the layout is one."""
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

    It may also be called from compiled code with sizes that Python has not compared: where they do not fit the layout,
    the actions are NaN, which every simulator refuses, and nothing else is read or written.
    """
    if not _fits(weights, observations, layout, memory, actions):
        actions[:, :] = np.float32(np.nan)
        return
    relu, units, sizes = layout[0] != 0, layout[1], layout[2:]
    layers, most = len(sizes) - 1, max(3 * units, sizes.max())
    x, total, kept = np.empty(most, np.float32), np.empty(most, np.float32), np.empty(3 * units, np.float32)
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
def _kernel() -> Callable[..., None]:
    """Compiled on first use (about a second, then kept on disk); never at import."""
    f32, i64 = numba.float32[:, ::1], numba.int64[::1]
    signature = numba.void(f32, i64, i64, f32, i64, f32, f32)
    return numba.njit(signature, nogil=True, cache=True, error_model="numpy")(_forward)
