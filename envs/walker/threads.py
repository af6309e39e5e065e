"""Distribution of a batch's rows over threads, and the scratch memory of each thread."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

import numpy as np

from .physics import lane_lidar, lanes
from .physics import state as at

FEWEST_ROWS = 8  # fewer rows per thread do not compensate for the cost of starting it


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """A thread pool per process, since a forked child cannot use its parent's."""
    return ThreadPoolExecutor(threads, thread_name_prefix=f"walkers-{process}")


def share_out(rows: np.ndarray, threads: int, advance: Callable[[np.ndarray, int], None]) -> None:
    """Call advance(rows, part) for consecutive parts of rows [k], at most `threads` of them; the
    first on this thread, which would otherwise wait.
    """
    parts = min(threads, max(1, len(rows) // FEWEST_ROWS))
    if parts == 1:
        advance(rows, 0)
        return
    pool = _pool(os.getpid(), threads - 1)
    first, *others = np.array_split(rows, parts)
    running = [pool.submit(advance, chunk, part) for part, chunk in enumerate(others, 1)]
    try:
        advance(first, 0)
    finally:
        wait(running)
    for each in running:
        each.result()


def scratch() -> tuple[np.ndarray, ...]:
    """Scratch arrays for one thread's kernels."""
    return (
        np.zeros((lanes.LANES, at.SCRATCH_FLOATS), np.float32),
        np.zeros((lanes.LANES, at.SCRATCH_INTEGERS), np.int32),
        np.zeros(lanes.FLOATS, np.float32),
        np.zeros(lanes.CONTACT_FLOATS, np.float32),
        np.zeros(lanes.INTEGERS, np.int32),
        np.zeros(lane_lidar.FLOATS, np.float32),
    )
