"""One step of a batch's rows: by one kernel whose arguments are kept ready (physics/step.py), or
phase after phase.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .physics import lanes, step, world
from .torque import pay, set_motors

if TYPE_CHECKING:
    from .batch import WalkerBatch

ALONE, HALF = 2, 32  # up to so many rows are solved one by one, and in blocks of half the lanes


class StepCall:
    """One step of rows of a batch under float32 actions. Holds views of its arrays, so it is not
    pickled with it.
    """

    def __init__(self, batch: WalkerBatch) -> None:
        self._phases = step.phase_addresses()
        self._actions = np.zeros((batch.n, 4), np.float32)  # contiguous, as a kernel's must be
        self._outcomes = np.zeros((batch.threads, 1), np.int64)
        # of a thread: arguments before and after the settings
        self._views: list[tuple[tuple, tuple]] = []
        self._terrains: np.ndarray | None = None  # that the views are of

    def __call__(
        self, batch: WalkerBatch, rows: np.ndarray, actions: np.ndarray, elapsed: int
    ) -> bool:
        """Whether every row was stepped without a fault. elapsed: steps added to the ages of the
        rows.

        False after an action that is not finite and after a row that was never reset; with one
        thread nothing has changed then.
        """
        np.copyto(self._actions, actions)
        self._outcomes[:] = step.FINE
        if batch._terrains.shapes is not self._terrains:
            self._set_views(batch)

        def advance(chunk: np.ndarray, part: int) -> None:
            head, tail = self._views[part]
            step.STEP(
                chunk, self._phases, elapsed, batch._age, self._outcomes[part], *head,
                *batch.iterations, block_width(len(chunk), batch._width), batch._cull, *tail,
            )  # fmt: skip

        batch._split(rows, advance)
        return not self._outcomes.any()

    def _set_views(self, b: WalkerBatch) -> None:
        t = b._terrains
        tracks = (t.shapes.ravel(), t.corners.ravel(), t.table.ravel(), t.ends)
        head = (b._f, b._k, *tracks, self._actions.ravel(), b._events.ravel())
        results = (b._obs.ravel(), b._reward, b._terminated, b.finished, b._shaping)
        self._views = [((*head, *kept), (*results, rays)) for *kept, rays in b._scratch]
        self._terrains = t.shapes


def block_width(rows: int, most: int) -> int:
    """How many of these rows are solved side by side, `most` at most: what takes the least time for
    so many.
    """
    best = 1 if rows <= ALONE else int(lanes.LANES) // 2 if rows <= HALF else int(lanes.LANES)
    return min(best, most)


def step_phases(batch: WalkerBatch, rows: np.ndarray, actions: np.ndarray) -> None:
    """The same under actions [n, 4] of any float dtype, which torque and reward are computed in."""
    exact = actions.dtype != np.float32  # a kernel's actions are contiguous, writable float32
    taken = np.zeros((batch.n, 4), np.float32) if exact else np.array(actions, order="C")
    state = batch._f.reshape(batch.n, -1), batch._integers()

    def advance(chunk: np.ndarray, part: int) -> None:
        before = batch._shaping[chunk] if exact else None
        for phase, arguments in batch.phases(chunk, taken, part):
            phase(*arguments)
            if exact and phase is world.COLLIDE:
                set_motors(state[0], chunk, actions)
        if before is not None:
            pay(state, chunk, batch._shaping[chunk] - before, actions, batch._reward)

    batch._split(rows, advance)
