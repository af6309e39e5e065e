"""Policies with flat weight vectors, a different one for each member of a population.

The layout is original POET's (arXiv 1901.01753): layer by layer the weights [in, out] row by row,
then the bias [out]; 24-40-40-4 has 2,804 parameters, and its activation, tanh, is applied to the
output too. A policy with memory has a GRU (Cho et al. 2014, arXiv 1406.1078) between the
observation and the first layer, whose input is then the hidden state only. The GRU's weights come
first: weights [in, 3h], weights [h, 3h], bias [3h], gates in the order reset, update, new.
Differs: as in torch, the reset gate is applied after the product with the hidden state; each gate
has one bias.

On the CPU a compiled kernel sums each row's products in one fixed order, without fused
multiply-add. A matrix library guarantees no order and may change it with the batch size, and a
difference in the last bit is enough to change a walker's trajectory. With the kernel a row's action
depends on its weights, observation and hidden state only.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import torch

from ..kernels.policy_kernel import policy_kernel
from .sizes import check_array, check_indices

Activation = Literal["tanh", "relu"]
ROWS_A_THREAD = 512  # fewer take 0.2 ms, less than waking another thread


@dataclass(frozen=True)
class Policy:
    """Layer sizes, observations first and actions last. The output activation is always tanh."""

    sizes: tuple[int, ...]
    activation: Activation = "tanh"
    memory: int = 0  # units of the GRU; 0: none, and the policy is feed-forward

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or any(size < 1 for size in self.sizes):
            raise ValueError(
                f"a policy needs at least two layer sizes, all positive, got {list(self.sizes)}"
            )
        if self.activation not in ("tanh", "relu"):
            raise ValueError(f'activation must be "tanh" or "relu", got {self.activation!r}')
        if self.memory < 0:
            raise ValueError(f"memory must be at least 0 units, got {self.memory}")

    @property
    def layers(self) -> tuple[tuple[int, int], ...]:
        """Inputs and outputs of each layer after the GRU."""
        sizes = (self.memory or self.sizes[0], *self.sizes[1:])
        return tuple(pairwise(sizes))

    @property
    def parameters(self) -> int:
        """Length of the flat weight vector."""
        gru = 3 * self.memory * (self.sizes[0] + self.memory + 1)
        return gru + sum(n * m + m for n, m in self.layers)

    def start(self, n: int) -> np.ndarray:
        """Initial hidden states of n rows, [n, memory] float32."""
        return np.zeros((n, self.memory), np.float32)

    def forward(
        self, weights: torch.Tensor, observations: torch.Tensor, memory: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Actions [n, a] at observations [n, o], with weights [n, parameters] by row; any device.

        memory: hidden states [n, memory], changed in place. The order of summation is the
        library's: for the CPU, where results must not depend on the batch, see `act`.
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

    def _remember(
        self, weights: torch.Tensor, x: torch.Tensor, memory: torch.Tensor
    ) -> tuple[torch.Tensor, int]:
        """The GRU: the new hidden state, also written in place, and the first layer's offset."""
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
        """Activation, GRU units and sizes, in the form that the kernel takes."""
        return np.array([self.activation == "relu", self.memory, *self.sizes], np.int64)

    def compiled(self) -> Callable[..., None]:
        """The kernel of `act`, which a simulator's `play` calls at each step (poet.interfaces)."""
        return policy_kernel()

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
        """Write actions[rows] for observations[rows]; other rows of `actions` are unchanged.

        weights: [members, parameters] float32; member: [n] int64, the weights of each row; rows:
        [k] int64; observations: [n, o] float32; actions: [n, a] float32; memory: hidden states
        [n, memory] float32, updated in place. All contiguous. With a pool the rows are split into
        at most `threads` parts; rows are independent, so results do not depend on the split.
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


def _affine(
    x: torch.Tensor, weights: torch.Tensor, at: int, n: int, m: int, bias: torch.Tensor
) -> torch.Tensor:
    """[rows, m]: bias [rows, m] + x [rows, n] times each row's matrix [n, m] at offset `at`."""
    return torch.baddbmm(bias[:, None], x[:, None], weights[:, at : at + n * m].view(-1, n, m))[
        :, 0
    ]
