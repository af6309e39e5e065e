"""Counter-based random numbers for batches, with one seed per row: the same on every device and in
every batch.

A number is a hash of (seed, name of the stream, counter). There is no state between calls, so rows
can be added, removed or restarted without affecting others, and streams are independent. The hash
is SplitMix64's finaliser (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number
generators"), applied twice.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence

import torch

# torch has no unsigned arithmetic: the same bits as a signed number
GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)
FIRST, SECOND = 0xBF58476D1CE4E5B9 - (1 << 64), 0x94D049BB133111EB - (1 << 64)


def _shift(z: torch.Tensor, bits: int) -> torch.Tensor:
    """Logical right shift."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def _mix(z: torch.Tensor) -> torch.Tensor:
    z = (z ^ _shift(z, 30)) * FIRST
    z = (z ^ _shift(z, 27)) * SECOND
    return z ^ _shift(z, 31)


class Draws:
    """The random numbers of n rows. seeds: [n]."""

    def __init__(self, seeds: Sequence[int], device: str = "cpu") -> None:
        self.seeds = torch.as_tensor(seeds, dtype=torch.int64, device=device)

    def uniform(self, stream: str, size: int, counter: torch.Tensor | int = 0) -> torch.Tensor:
        """[n, size] float64, uniform in [0, 1). counter: [n], or one for all rows; different
        counters give independent numbers.
        """
        start = _mix(self.seeds * GOLDEN + zlib.crc32(stream.encode()))
        start = _mix(start + (torch.as_tensor(counter, device=start.device) + 1) * GOLDEN)
        places = torch.arange(1, size + 1, device=start.device)
        return _shift(_mix(start[:, None] + places * GOLDEN), 11).double() * 2.0**-53

    def normal(self, stream: str, size: int, counter: torch.Tensor | int = 0) -> torch.Tensor:
        """[n, size] float64, standard normal (Box and Muller 1958)."""
        both = self.uniform(stream, 2 * size, counter)
        radius = torch.sqrt(-2.0 * torch.log1p(-both[:, :size]))
        return radius * torch.cos(2.0 * math.pi * both[:, size:])


def seeds_by_row(rows: torch.Tensor, seeds: Sequence[int]) -> list[tuple[int, int]]:
    """The rows of the mask [n] bool in order, each with its seed.

    ValueError for another number of seeds.
    """
    chosen = torch.nonzero(rows)[:, 0].tolist()
    if len(chosen) != len(seeds):
        raise ValueError(f"redraw needs a seed for each of {len(chosen)} rows, got {len(seeds)}")
    return [(row, int(seed)) for row, seed in zip(chosen, seeds, strict=True)]
