"""One step of a batch's rows: by one kernel with prepared arguments (physics/step.py), or phase
by phase.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .physics import lanes, step, world
from .threads import Advance, share_out
from .torque import set_motors, subtract_cost

if TYPE_CHECKING:
    from .batch import WalkerBatch

# at most this many rows are solved one by one, or in blocks of half the lanes
ALONE, HALF = 2, 32
# time of the resets in a step, in units of a row's step: if there are any, and for each
ANY_RESET, EACH_RESET = 13, 6


class Packed(NamedTuple):
    """The arguments of one thread's kernels (step.pack), and the arrays at these addresses."""

    addresses: np.ndarray
    arrays: list[np.ndarray]


class StepCall:
    """One step of rows of a batch under float32 actions. Holds addresses of the batch's arrays and
    must not be pickled with it.
    """

    def __init__(self, batch: WalkerBatch) -> None:
        self._phases = step.phase_addresses()
        # [n, 4] float32, contiguous, as a kernel's must be
        self.actions = np.zeros((batch.n, 4), np.float32)
        self._outcomes = np.zeros((batch.threads, 1), np.int64)
        self._packed: list[Packed] = []  # of each thread
        # the tables that were packed
        self._terrains: np.ndarray | None = None
        self._bodies: np.ndarray | None = None

    def __call__(
        self, batch: WalkerBatch, rows: np.ndarray, actions: np.ndarray, elapsed: int
    ) -> bool:
        """Step the rows [k]; True if none has a fault. elapsed: steps to add to the rows' ages.

        False also if an action is not finite or a row was never reset; with one thread the state
        is then unchanged.
        """
        np.copyto(self.actions, actions)
        self._outcomes[:] = step.FINE
        batch._split(rows, self._advance(batch, elapsed))
        return self._fine()

    def restarting(
        self, batch: WalkerBatch, rows: np.ndarray, begun: int, begin: Callable[[], None]
    ) -> bool:
        """Step the rows [k] under `actions`; True if none has a fault.

        begin: resets the first `begun` rows. If they are few, it runs on this thread while other
        threads already step their rows; otherwise before the step of all rows.
        """
        self._outcomes[:] = step.FINE
        ahead = ANY_RESET + EACH_RESET * begun
        if (ahead + begun) * batch.threads > len(rows):
            begin()
            batch._split(rows, self._advance(batch, 1))
            return self._fine()
        now = self._advance(batch, 1)

        def advance(chunk: np.ndarray, part: int) -> None:
            if part == 0:
                begin()  # it may replace tables: `now` keeps those that other threads read
                self._advance(batch, 1)(chunk, part)
            else:
                now(chunk, part)

        share_out(rows, batch.threads, advance, ahead)
        return self._fine()

    def one(self, batch: WalkerBatch, rows: np.ndarray) -> bool:
        """One step of a batch of one walker on this thread under `actions`; True if it has no
        fault.
        """
        packed = self._up_to_date(batch)[0]
        step.STEP(rows, packed.addresses, 1, *batch.iterations, 1, batch._cull)
        return self._outcomes.item(0) == 0

    def _fine(self) -> bool:
        return not any(self._outcomes.ravel().tolist())

    def _advance(self, batch: WalkerBatch, elapsed: int) -> Advance:
        """The step of one thread's rows on the tables that are in use now."""
        packed = self._up_to_date(batch)

        def advance(chunk: np.ndarray, part: int) -> None:
            width = block_width(len(chunk), batch._width)
            addresses = packed[part].addresses
            step.STEP(chunk, addresses, elapsed, *batch.iterations, width, batch._cull)

        return advance

    def _up_to_date(self, batch: WalkerBatch) -> list[Packed]:
        """The arguments of each thread, packed anew if a table has been replaced."""
        terrains, bodies = batch._terrains.shapes, batch._bodies.table
        if terrains is not self._terrains or bodies is not self._bodies:
            self._packed = self._pack(batch)
            self._terrains, self._bodies = terrains, bodies
        return self._packed

    def _pack(self, b: WalkerBatch) -> list[Packed]:
        t = b._terrains
        state = (b.floats, b.integers, t.shapes, t.corners, t.table, t.ends)
        results = (b._obs, b._reward, b._terminated, b.finished, b._shaping)
        head, bodies = (*state, self.actions, b._events), b._bodies.table
        threads = [
            [self._phases, b._age, outcome, *head, *kept, *results, rays, bodies]
            for outcome, (*kept, rays) in zip(self._outcomes, b._scratch, strict=True)
        ]
        return [Packed(step.pack(arrays), arrays) for arrays in threads]


def block_width(rows: int, most: int) -> int:
    """Number of walkers to solve side by side, at most `most`: the fastest for this many rows."""
    best = 1 if rows <= ALONE else int(lanes.LANES) // 2 if rows <= HALF else int(lanes.LANES)
    return min(best, most)


def step_phases(batch: WalkerBatch, rows: np.ndarray, actions: np.ndarray) -> None:
    """One step under actions [n, 4] of any float dtype; torque and reward are computed in it."""
    exact = actions.dtype != np.float32  # a kernel's actions are contiguous, writable float32
    taken = np.zeros((batch.n, 4), np.float32) if exact else np.array(actions, order="C")
    state = batch.floats.reshape(batch.n, -1), batch._integer_rows()

    def advance(chunk: np.ndarray, part: int) -> None:
        before = batch._shaping[chunk] if exact else None
        for phase, arguments in batch.phases(chunk, taken, part):
            phase(*arguments)
            if exact and phase is world.COLLIDE:
                motors = batch._bodies.motors(batch._body_places[chunk])
                set_motors(state[0], chunk, actions, motors)
        if before is not None:
            subtract_cost(state, chunk, batch._shaping[chunk] - before, actions, batch._reward)

    batch._split(rows, advance)


def phases(
    batch: WalkerBatch, rows: np.ndarray, actions: np.ndarray, part: int
) -> list[tuple[world.Kernel, tuple]]:
    """The kernels of one step in order, each with its arguments.

    rows: [k].   actions: [n, 4] float32.   part: the thread whose scratch memory is used.
    """
    t, bodies = batch._terrains, batch._bodies.table
    shapes, corners, table = t.shapes.ravel(), t.corners.ravel(), t.table.ravel()
    state, flat = (rows, batch.floats, batch.integers), actions.ravel()
    events = batch._events.ravel()
    (s, i, *wide, rays), (velocity, position) = batch._scratch[part], batch.iterations
    width = block_width(len(rows), batch._width)
    results = (
        batch._obs.ravel(), batch._reward, batch._terminated, batch.finished, batch._shaping, rays,
    )  # fmt: skip
    return [
        (world.COLLIDE, (*state, shapes, corners, table, bodies, flat, events)),
        (world.SOLVE, (*state, bodies, events, s, i, *wide, velocity, position, width)),
        (world.PAIRS, (*state, shapes, table)),
        (
            world.TOI,
            (*state, shapes, corners, table, bodies, events, s[0], i[0], velocity, batch._cull),
        ),
        (world.OBSERVE, (*state, shapes, corners, table, t.ends, flat, *results)),
    ]
