"""Rows of a batch, shared out between the threads of this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np

FEWEST_ROWS = 8  # a thread is not worth its start for fewer


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """One pool of threads a process (a forked child must not use its parent's)."""
    return ThreadPoolExecutor(threads, thread_name_prefix=f"walkers-{process}")


def share_out(rows: np.ndarray, threads: int, advance: Callable[[np.ndarray, int], None]) -> None:
    """Call `advance` with all rows [k], in at most `threads` parts: the rows and number of each."""
    parts = min(threads, max(1, len(rows) // FEWEST_ROWS))
    if parts == 1:
        advance(rows, 0)
        return
    pool = _pool(os.getpid(), threads)
    chunks = np.array_split(rows, parts)
    for done in [pool.submit(advance, chunk, part) for part, chunk in enumerate(chunks)]:
        done.result()
