"""Best number of walkers per warp for each GPU kernel: device time of a step by kernel. Needs a
CUDA GPU.

    python -m benchmarks.walker_widths > benchmarks/results/walker_widths.txt

A warp of 32 walkers takes as long as its slowest walker; a warp of fewer leaves lanes idle. Actions
are random, as in walker_cuda. The best numbers are WIDTHS in envs/walker/cuda/walkers.py; "as set"
is a step with them, with steps/s of running walkers per second of kernel time.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from benchmarks.heading import heading
from benchmarks.walker_cuda import kernel_times, moving

SIZES, WIDTHS, STEPS = (16_384, 65_536, 262_144), (32, 16, 8, 4), 10


def print_widths(device: str, count: int) -> None:
    walkers, plan = moving(device, count)
    chosen = walkers.phases
    for n, width in enumerate(WIDTHS):
        walkers.phases = [replace(phase, width=width) for phase in chosen]
        print_times(
            f"{count:,} walkers, {width:2} a warp",
            kernel_times(walkers, plan[n * STEPS : (n + 1) * STEPS]),
        )
    walkers.phases = chosen
    spent = kernel_times(walkers, plan[len(WIDTHS) * STEPS :])
    live = int(walkers.live.sum())
    print_times(f"{count:,} walkers, as set", spent)
    print(f"  {live:,} live: {live / sum(spent.values()):.1f} M steps/s", flush=True)


def print_times(title: str, spent: dict[str, float]) -> None:
    parts = ", ".join(f"{name} {part:.0f}" for name, part in spent.items())
    print(f"{title}: {sum(spent.values()):,.0f} us ({parts})", flush=True)


def main() -> None:
    if not torch.cuda.is_available():
        raise SystemExit(
            "walker_widths: torch finds no CUDA GPU here, and this benchmark runs on nothing else"
        )
    print(heading())
    print(f"GPU: {torch.cuda.get_device_name()}\n")
    for count in SIZES:
        print_widths("cuda", count)


if __name__ == "__main__":
    main()
