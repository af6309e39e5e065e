"""Weights of recurrent cells in the layout of their kernels (sequences.py), and gradients back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from .products import ROWS, padded

NAMES = ("w_in", "w_hidden", "b_in", "b_hidden")  # of a cell's weights, as torch orders them
SUMS = 4
Named = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class CellWeights:
    """The sums of a cell: which of the four each of its gates adds to.

    Args:
        of_inputs: for each gate in w_in and b_in, [gates * h, i] and [gates * h].
        of_hidden: for each gate in w_hidden and b_hidden, [gates * h, h] and [gates * h].
        halved: sums that are halved, since sigmoid(x) = (1 + tanh(x / 2)) / 2.
    """

    name: str
    of_inputs: tuple[int, ...]
    of_hidden: tuple[int, ...]
    halved: tuple[int, ...]

    def pack(self, *weights: torch.Tensor) -> np.ndarray:
        """The numbers of [h + i + 1, 4g], rows padded to a multiple of ROWS; weights as NAMES."""
        w_in, w_hidden, b_in, b_hidden = (weight.detach().numpy() for weight in weights)
        h, i = w_hidden.shape[1], w_in.shape[1]
        made = self._zeros(h, i)
        for gate, total in enumerate(self.of_hidden):
            own = slice(gate * h, (gate + 1) * h)
            made[:h, total, :h] = w_hidden[own].T
            made[h + i, total, :h] += b_hidden[own]
        for gate, total in enumerate(self.of_inputs):
            own = slice(gate * h, (gate + 1) * h)
            made[h : h + i, total, :h] = w_in[own].T
            made[h + i, total, :h] += b_in[own]
        for total in self.halved:
            made[:, total] *= 0.5
        return made.ravel()

    def turned(self, w_hidden: torch.Tensor, w_in: torch.Tensor | None) -> np.ndarray:
        """The numbers of [4g, h + i], or [4g, h] without w_in; columns padded."""
        h = w_hidden.shape[1]
        columns = padded(h + (0 if w_in is None else w_in.shape[1]))
        made = np.zeros((SUMS, padded(h), columns), np.float32)
        for gate, total in enumerate(self.of_hidden):
            made[total, :h, :h] = w_hidden.detach().numpy()[gate * h : (gate + 1) * h]
        if w_in is not None:
            for gate, total in enumerate(self.of_inputs):
                own = w_in.detach().numpy()[gate * h : (gate + 1) * h]
                made[total, :h, h : h + w_in.shape[1]] = own
        return made.ravel()

    def no_gradient(self, h: int, i: int) -> np.ndarray:
        """Zeros in the layout of `pack`."""
        return self._zeros(h, i).ravel()

    def unpack(self, gradient: np.ndarray, h: int, i: int) -> tuple[torch.Tensor, ...]:
        """Gradients of the weights, as NAMES, from that of the sums' weights."""
        rows = gradient.reshape(-1, SUMS, padded(h))[..., :h]
        inputs, hidden = rows[:, self.of_inputs, :], rows[:, self.of_hidden, :]
        parts = inputs[h : h + i], hidden[:h], inputs[h + i : h + i + 1], hidden[h + i : h + i + 1]
        w_in, w_hidden, b_in, b_hidden = (part.reshape(len(part), -1).T for part in parts)
        arrays = w_in, w_hidden, b_in[:, 0], b_hidden[:, 0]
        return tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays)

    def check(
        self, weights: Named, x: torch.Tensor, start: torch.Tensor, resets: torch.Tensor | None
    ) -> torch.Tensor:
        """resets [t, n], contiguous; all false if none are given.

        ValueError if sizes do not fit: compiled code reads whatever they say. x [t, n, i]; start
        [..., n, h].
        """
        n, h = start.shape[-2:]
        found, gates = [list(weights[name].shape) for name in NAMES], len(self.of_hidden) * h
        wanted = [[gates, x.shape[-1]], [gates, h], [gates], [gates]]
        if found != wanted or x.ndim != 3 or x.shape[1] != n:
            raise ValueError(
                f"the {self.name} of {h} units in {n} rows needs inputs [t, {n}, i] and weights "
                f"{dict(zip(NAMES, wanted, strict=True))}, got {list(x.shape)} and "
                f"{dict(zip(NAMES, found, strict=True))}"
            )
        if resets is None:
            return torch.zeros(len(x), n, dtype=torch.bool)
        if tuple(resets.shape) != (len(x), n) or resets.dtype != torch.bool:
            raise ValueError(
                f"resets must be [{len(x)}, {n}] of torch.bool, got {list(resets.shape)} of "
                f"{resets.dtype}"
            )
        return resets.contiguous()

    def _zeros(self, h: int, i: int) -> np.ndarray:
        return np.zeros((h + i + 1 + -(h + i + 1) % ROWS, SUMS, padded(h)), np.float32)
