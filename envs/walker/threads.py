"""Distribution of a batch's rows over threads, and the scratch memory of each thread.

Work is passed to the other threads by queues: a ThreadPoolExecutor takes 0.1 ms of CPU time per
part, which is 1/30 of a step of 512 walkers on two threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from queue import SimpleQueue
from threading import Thread
from typing import Any

import numpy as np

from .physics import lane_lidar, lanes
from .physics import state as at

FEWEST_ROWS = 8  # fewer rows per thread do not compensate for the cost of starting it
Advance = Callable[[np.ndarray, int], None]
Outcomes = SimpleQueue[BaseException | None]


@cache
def _workers(process: int, threads: int) -> SimpleQueue[Any]:
    """The queue of `threads` threads; per process, since a forked child has none of its parent's
    threads.
    """
    parts: SimpleQueue[Any] = SimpleQueue()
    for number in range(threads):
        name = f"walkers-{process}-{number}"
        Thread(target=_work, args=(parts,), name=name, daemon=True).start()
    return parts


def _work(parts: SimpleQueue[tuple[Advance, np.ndarray, int, Outcomes]]) -> None:
    """The loop of a worker thread; the outcome of a part is None, or the exception it raised."""
    while True:
        advance, rows, part, outcomes = parts.get()
        outcome: BaseException | None = None
        try:
            advance(rows, part)
        except BaseException as error:
            outcome = error  # raised in the calling thread
        del advance, rows  # a batch is not kept until the next part
        outcomes.put(outcome)
        del outcomes, outcome


def share_out(rows: np.ndarray, threads: int, advance: Advance, ahead: float = 0.0) -> None:
    """Call advance(rows, part) for consecutive parts of rows [k], at most `threads` of them; the
    first on this thread, which would otherwise wait.

    ahead: other work of the first part, in units of a row's step; it has so many rows fewer.
    """
    parts = min(threads, max(1, len(rows) // FEWEST_ROWS))
    if parts == 1:
        advance(rows, 0)
        return
    workers, outcomes = _workers(os.getpid(), threads - 1), Outcomes()
    chunks = _chunks(rows, parts, ahead)
    for part in range(1, parts):
        workers.put((advance, chunks[part], part, outcomes))
    try:
        advance(chunks[0], 0)
    finally:
        errors = [outcomes.get() for _ in range(1, parts)]
    for error in errors:
        if error is not None:
            raise error


def _chunks(rows: np.ndarray, parts: int, ahead: float) -> list[np.ndarray]:
    """Consecutive parts of rows [k]; the first has `ahead` rows fewer than the others."""
    share = (len(rows) + ahead) / parts
    ends = [max(0, round(share * part - ahead)) for part in range(1, parts)]
    return [rows[a:b] for a, b in zip([0, *ends], [*ends, len(rows)], strict=True)]


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
