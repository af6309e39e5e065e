"""The compiled GRU and LSTM beside torch's: forward and backward along a sequence.

    OMP_NUM_THREADS=1 python -m benchmarks.recurrent_cells > benchmarks/results/recurrent_cells.txt

Milliseconds of CPU time, the least of ten, one thread each, in turn. The gradients are those of the
weights and the first state, as in training; inputs need none.
"""

from __future__ import annotations

import time

import torch

from benchmarks.heading import heading
from openpoet.agents.parts.recurrent import GATES, Cell, Recurrent

# steps, rows, units, inputs
SIZES = ((100, 256, 48, 12), (32, 64, 64, 30), (256, 16, 64, 30))
REPEATS = 10


def by_torch(
    cell: Cell, p: dict[str, torch.Tensor], x: torch.Tensor, state: tuple[torch.Tensor, ...]
) -> torch.Tensor:
    """Hidden states [t, n, h] of torch's fused function."""
    weights = [p[name] for name in ("w_in", "w_hidden", "b_in", "b_hidden")]
    flags = (True, 1, 0.0, True, False, False)
    if cell == "gru":
        return torch.gru(x, state[0][None], weights, *flags)[0]
    return torch.lstm(x, [part[None] for part in state], weights, *flags)[0]


def milliseconds(cell: Cell, sizes: tuple[int, int, int, int]) -> dict[str, list[float]]:
    """Forward and backward time of each way."""
    (t, n, h, i), generator = sizes, torch.Generator().manual_seed(0)
    shapes = {"w_in": (GATES[cell] * h, i), "w_hidden": (GATES[cell] * h, h)}
    shapes |= {"b_in": (GATES[cell] * h,), "b_hidden": (GATES[cell] * h,)}
    p = {
        name: (torch.randn(shape, generator=generator) / h**0.5).requires_grad_()
        for name, shape in shapes.items()
    }
    network = Recurrent(i, h, 0, cell)
    read_out = {"w_out": torch.zeros(0, h), "b_out": torch.zeros(0)}
    x, wanted = torch.randn(t, n, i, generator=generator), torch.randn(t, n, h, generator=generator)
    state = tuple(torch.randn(n, h, generator=generator).requires_grad_() for _ in network.start(n))
    ways = {
        "compiled": lambda: network.hidden_states({**p, **read_out}, x, state)[1][0],
        "torch": lambda: by_torch(cell, p, x, state),
    }
    best = {name: [float("inf")] * 2 for name in ways}
    for _ in range(REPEATS + 1):  # the first compiles and warms up; it is never the least
        for name, way in ways.items():
            start = time.process_time()
            hidden = way()
            middle = time.process_time()
            torch.autograd.grad(hidden, [*p.values(), *state], wanted)
            times = middle - start, time.process_time() - middle
            best[name] = [min(old, 1e3 * new) for old, new in zip(best[name], times, strict=True)]
    return best


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(heading())
    print("\n                                compiled              torch")
    print("cell  steps rows units inputs  forward backward   forward backward   times")
    for cell in ("gru", "lstm"):
        for sizes in SIZES:
            found = milliseconds(cell, sizes)
            ours, theirs = found["compiled"], found["torch"]
            print(
                f"{cell:5}{sizes[0]:6}{sizes[1]:5}{sizes[2]:6}{sizes[3]:7}{ours[0]:9.2f}{ours[1]:9.2f}"
                f"{theirs[0]:10.2f}{theirs[1]:9.2f}{sum(theirs) / sum(ours):8.1f}"
            )
