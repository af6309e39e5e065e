"""Feed-forward policies whose weights are one flat vector, a different one for each member of a population.

The layout is original POET's (arXiv 1901.01753): layer by layer the weights [in, out] row by row, then the bias [out];
24-40-40-4 has 2,804 parameters, and its activation, tanh, is applied to the output too.

On the CPU a kernel of our own adds up each row's products in one fixed order, without fused multiply-add. A matrix
library promises no order, it may change it with the size of the batch, and one unit in the last place is enough to
send a walker elsewhere: here a row's action depends on its weights and observation alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np
import torch

Activation = Literal["tanh", "relu"]
ROWS_A_THREAD = 512  # fewer are done (in 0.2 ms) before another thread has woken up

# tanh(x) = x P(x^2) / Q(x^2) on [-8, 8], fitted by weighted least squares to the least largest relative error;
# in float32 it is within 4e-7 of tanh and never leaves [-1, 1]. math.tanh costs far more: it has no vector form.
_P0, _P1, _P2, _P3, _P4 = (np.float32(p) for p in (1.0, 0.134444997, 0.0035715999, 2.18946952e-05, 1.52304640e-08))
_Q1, _Q2, _Q3, _Q4 = (np.float32(q) for q in (0.467778265, 0.0261644498, 0.000341129518, 8.52246501e-07))
_ONE, _ZERO, _EDGE = np.float32(1), np.float32(0), np.float32(8)


@dataclass(frozen=True)
class Policy:
    """Layer sizes, observations first and actions last; the output passes through tanh whatever the activation is."""

    sizes: tuple[int, ...]
    activation: Activation = "tanh"

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or any(size < 1 for size in self.sizes):
            raise ValueError(f"a policy needs at least two layer sizes, all positive, got {list(self.sizes)}")
        if self.activation not in ("tanh", "relu"):
            raise ValueError(f'activation must be "tanh" or "relu", got {self.activation!r}')

    @property
    def parameters(self) -> int:
        """Length of the flat weight vector."""
        return sum(n * m + m for n, m in zip(self.sizes, self.sizes[1:], strict=False))

    def forward(self, weights: torch.Tensor, observations: torch.Tensor) -> torch.Tensor:
        """Actions [n, a] of observations [n, o], each row with its own weights [n, parameters]; any device.

        The order of summation is the library's: for the CPU, where results must not depend on the batch, see `act`.
        """
        x, at = observations, 0
        for layer, (n, m) in enumerate(zip(self.sizes, self.sizes[1:], strict=False)):
            matrix = weights[:, at : at + n * m].view(-1, n, m)
            bias = weights[:, at + n * m : at + n * m + m]
            x = torch.baddbmm(bias[:, None], x[:, None], matrix)[:, 0]
            last = layer == len(self.sizes) - 2
            x = torch.relu(x) if self.activation == "relu" and not last else torch.tanh(x)
            at += n * m + m
        return x

    @property
    def layout(self) -> np.ndarray:
        """Activation and sizes, as the kernel takes them."""
        return np.array([self.activation == "relu", *self.sizes], np.int64)

    def compiled(self) -> Callable[..., None]:
        """The kernel behind `act`: what a simulator's `play` calls at every step (poet.interfaces)."""
        return _kernel()

    def act(
        self,
        weights: np.ndarray,
        member: np.ndarray,
        rows: np.ndarray,
        observations: np.ndarray,
        actions: np.ndarray,
        *,
        pool: Executor | None = None,
        threads: int = 1,
    ) -> None:
        """Write actions[rows] for observations[rows]; the other rows of `actions` stay as they are.

        weights [members, parameters] f32, member [n] i64 (which weights a row uses), rows [k] i64, observations [n, o]
        f32, actions [n, a] f32, all contiguous. With a pool the rows are cut into at most `threads` parts; the cut
        changes nothing, since no row sees another.
        """
        if weights.shape[1:] != (self.parameters,) or observations.shape != (len(member), self.sizes[0]):
            shapes = f"weights {list(weights.shape)}, observations {list(observations.shape)}, {len(member)} rows"
            raise ValueError(f"a {'-'.join(map(str, self.sizes))} policy cannot act on {shapes}")
        kernel, layout, memory = self.compiled(), self.layout, np.zeros((0, 0), np.float32)
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


def _forward(
    weights: np.ndarray,
    member: np.ndarray,
    rows: np.ndarray,
    observations: np.ndarray,
    layout: np.ndarray,
    memory: np.ndarray,
    actions: np.ndarray,
) -> None:
    """The kernel of `Policy.act`: the inner loops run over a layer's outputs, so they vectorise without reordering."""
    relu, sizes = layout[0] != 0, layout[1:]
    layers = len(sizes) - 1
    x, total = np.empty(sizes.max(), np.float32), np.empty(sizes.max(), np.float32)
    for j in range(len(rows)):
        row = rows[j]
        w, at = weights[member[row]], 0
        for i in range(sizes[0]):
            x[i] = observations[row, i]
        for layer in range(layers):
            n, m = sizes[layer], sizes[layer + 1]
            total[:m] = w[at + n * m : at + n * m + m]
            fours = n - n % 4  # four inputs at a time: the sums stay in registers, the order stays 0, 1, 2, ...
            for i in range(0, fours, 4):
                w0, w1 = w[at + i * m : at + (i + 1) * m], w[at + (i + 1) * m : at + (i + 2) * m]
                w2, w3 = w[at + (i + 2) * m : at + (i + 3) * m], w[at + (i + 3) * m : at + (i + 4) * m]
                x0, x1, x2, x3 = x[i], x[i + 1], x[i + 2], x[i + 3]
                for o in range(m):
                    total[o] = (((total[o] + x0 * w0[o]) + x1 * w1[o]) + x2 * w2[o]) + x3 * w3[o]
            for i in range(fours, n):
                for o in range(m):
                    total[o] += x[i] * w[at + i * m + o]
            if relu and layer < layers - 1:
                for o in range(m):
                    x[o] = max(total[o], _ZERO)
            else:
                for o in range(m):
                    z = min(max(total[o], -_EDGE), _EDGE)
                    y = z * z
                    above = z * ((((_P4 * y + _P3) * y + _P2) * y + _P1) * y + _P0)
                    x[o] = above / ((((_Q4 * y + _Q3) * y + _Q2) * y + _Q1) * y + _ONE)
            at += n * m + m
        for o in range(sizes[layers]):
            actions[row, o] = x[o]


@functools.cache
def _kernel() -> Callable[..., None]:
    """Compiled on first use (about a second, then kept on disk); never at import."""
    f32, i64 = numba.float32[:, ::1], numba.int64[::1]
    signature = numba.void(f32, i64, i64, f32, i64, f32, f32)
    return numba.njit(signature, nogil=True, cache=True, error_model="numpy")(_forward)
