"""A batch of bipedal walkers, each equal to the walker of Gymnasium on Box2D 2.3.10, bit for bit
(x86-64).

A row's trajectory depends on its track and its actions only: not on the other rows, the number of
threads, or earlier episodes of the row. The reference is Gymnasium's environment freshly made; a
reused one gives other results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from openpoet.kernel_cache import config

from ..parts.processors import threads_of
from .body import Body, one_each
from .faults import check_finite_actions, check_reset, failure
from .kernels import compile_kernels, physics_version
from .physics import episode, lanes, world
from .physics import state as at
from .physics.bodies import Bodies
from .physics.terrain import Terrains
from .pose import Pose, pose
from .sizes import ACTIONS, actions_of, check_policy, mask_of, rows_of
from .step_call import StepCall, phases, step_phases
from .threads import scratch, share_out

if TYPE_CHECKING:
    from .track import Track

OBSERVATIONS = 24
TRACK, TRAITS = int(at.TRACK), int(at.TRAITS)


class WalkerBatch:
    """One walker per track. Rows with the same Track object share its memory, and equal bodies do.

    bodies: [n], the body of each row; None: Gymnasium's for all.
    floats, integers: state of the walkers (physics/state.py), flat: [n * FLOATS] float32 and
    [n * INTEGERS] int32.
    steps: walker-steps simulated so far, without those of resets.
    finished: [n] bool, the hull is past the far end of its track.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        bodies: Sequence[Body] | None = None,
        *,
        threads: int | None = None,
        velocity_iterations: int = 180,
        position_iterations: int = 60,
    ) -> None:
        if not len(tracks):
            raise ValueError("a batch needs at least one track, got none")
        self.threads = threads_of(threads)
        compile_kernels()
        n = self.n = len(tracks)
        self.iterations = velocity_iterations, position_iterations
        self.steps = 0
        self.finished = np.zeros(n, bool)
        self._overflows = 0
        # most walkers solved side by side; results do not depend on it
        self._width = int(lanes.LANES)
        self._cull = 1  # 0: compute every time of impact by GJK; results do not depend on it
        self._terrains = Terrains()
        self._tracks: list[Track] = list(tracks)
        self._places = np.array([self._terrains.add(track) for track in tracks], np.int64)
        self._bodies = Bodies()
        self._body_of = one_each(bodies, n)
        self._body_places = np.array([self._bodies.add(body) for body in self._body_of], np.int64)
        self.floats = np.zeros(n * int(at.FLOATS), np.float32)
        self.integers = np.zeros(n * int(at.INTEGERS), np.int32)
        self._events = np.zeros((n, int(at.EVENT_COUNT)), np.int64)
        self._obs = np.zeros((n, OBSERVATIONS), np.float32)
        self._reward, self._shaping = np.zeros(n), np.zeros(n)
        self._terminated = np.zeros(n, bool)
        self._age = np.full(n, -1)  # steps since the reset; -1: never reset
        self._prepare()

    def _prepare(self) -> None:
        """Make the buffers that are not part of the state."""
        self._every_row = np.arange(self.n)
        self._scratch = [scratch() for _ in range(self.threads)]
        self._step_rows = None if config.DISABLE_JIT else StepCall(self)

    def __getstate__(self) -> dict[str, Any]:
        """The complete state: a copy or pickle continues exactly as this batch would."""
        transient = ("_every_row", "_scratch", "_step_rows")
        kept = {name: value for name, value in self.__dict__.items() if name not in transient}
        return {**kept, "source": physics_version()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state.pop("source") != physics_version():
            raise ValueError(
                "these walkers were pickled by another version of openpoet: make and reset new ones"
            )
        compile_kernels()
        self.__dict__.update(state)
        self._prepare()

    @property
    def events(self) -> Mapping[str, int]:
        """Counts of physics events since construction, including the first step of each reset;
        tests use them to show which code was exercised.
        """
        counts = self._events.sum(axis=0)
        return {
            **dict(zip(at.EVENT_NAMES, counts.tolist(), strict=True)),
            "slot_overflow": self._overflows,
        }

    def place(self, row: int, track: Track, body: Body | None = None) -> None:
        """Assign another track, and another body, to a row, from its next reset on. None: the row
        keeps its body.
        """
        self._tracks[row] = track
        if body is not None:
            self._body_of[row] = body

    def reset(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Rebuild the walkers of `rows` (None: all) on their tracks; observations [n, 24] of all
        rows.

        rows: indices [k] or a mask [n]. As in Gymnasium, a reset includes one step with zero
        actions.
        """
        chosen = self._every_row if rows is None else rows_of(rows, self.n)
        self.start(chosen)
        self._run(chosen, np.zeros((self.n, ACTIONS), np.float32), 0)
        self._terminated[chosen] = False
        return self._obs.copy()

    def start(self, rows: np.ndarray) -> None:
        """Rebuild the walkers of the rows [k] on their tracks, without a reset's step."""
        for row in rows.tolist():
            place, body = self._places.item(row), self._body_places.item(row)
            self._places[row] = self._terrains.exchange(place, self._tracks[row])
            self._body_places[row] = self._bodies.exchange(body, self._body_of[row])
        state = self._integer_rows()
        state[rows, TRACK], state[rows, TRAITS] = self._places[rows], self._body_places[rows]
        t, bodies = self._terrains, self._bodies.table
        tables = (t.shapes.ravel(), t.table.ravel(), bodies, t.pushes)
        world.START(rows, self.floats, self.integers, *tables)
        self._age[rows] = 0

    def step(
        self, actions: np.ndarray, live: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One step under actions [n, 4] in [-1, 1]; observations [n, 24] float32, rewards [n]
        float64, terminated [n] bool.

        live: [n] bool, the rows to simulate; the others keep their state and get reward 0. Actions
        beyond [-1, 1] are clipped where Gymnasium clips them. As in Gymnasium, torque and reward
        are computed in the actions' dtype (integers: float64). FloatingPointError if a walker's
        state is not finite.
        """
        given = actions_of(actions, self.n)
        rows = self._every_row if live is None else np.flatnonzero(self._mask(live))
        self._reward[:] = 0.0
        self._run(rows, given, 1)
        self.steps += len(rows)
        return self._obs.copy(), self._reward.copy(), self._terminated.copy()

    def play(
        self,
        act: Any,
        arrays: tuple[np.ndarray, ...],
        live: np.ndarray,
        limit: int,
        returns: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Up to `limit` steps of the rows `live` [n] bool under a compiled policy: (steps [n],
        terminated [n] bool).

        act, arrays: as in poet.interfaces, `Simulator.play`. returns: [n] float64, to which the
        rewards are added one by one in order. A row stops where it terminates. `act` must check
        that the weights fit the layout.
        """
        check_policy(arrays, returns, self.n)
        steps, actions = np.zeros(self.n, np.int64), np.zeros((self.n, ACTIONS), np.float32)

        def advance(rows: np.ndarray, part: int) -> None:
            calls = self.phases(rows, actions, part)
            (_, collide), (_, solve), _, (_, toi), (_, observe) = calls
            episode.PLAY(
                rows, limit, act, *(kernel.compiled for kernel, _ in calls), *arrays,
                self._obs, actions, actions.ravel(), *collide[1:7], observe[6], collide[8],
                *solve[5:7], *toi[8:10], *solve[7:], toi[11], *observe[8:], returns, steps,
            )  # fmt: skip

        rows = np.flatnonzero(self._mask(live))
        check_reset(self._age, rows)
        self._reward[:] = 0.0
        self._split(rows, advance)
        # a policy whose weights do not fit its layout returns NaN at every step
        check_finite_actions(actions, rows)
        self._age += steps
        self.steps += int(steps.sum())
        self._raise_faults(rows)
        return steps, self._terminated.copy()

    def pose(self, row: int) -> Pose:
        """The current pose of one walker; a copy, not a view."""
        return pose(self.floats.reshape(self.n, -1)[row])

    def _integer_rows(self) -> np.ndarray:
        return self.integers.reshape(self.n, -1)

    def _mask(self, live: np.ndarray) -> np.ndarray:
        return mask_of(live, self.n, "live")

    def _run(self, rows: np.ndarray, actions: np.ndarray, elapsed: int) -> None:
        """One step of `rows` under actions [n, 4] of any float dtype. elapsed: 0 in a reset, else
        1.
        """
        call = self._step_rows if actions.dtype == np.float32 else None
        if call is None or self.threads > 1:  # before any row has changed
            check_finite_actions(actions, rows)
            check_reset(self._age, rows)
        if call is None:
            self._age[rows] += elapsed
            step_phases(self, rows, actions)
        elif call(self, rows, actions, elapsed):
            return
        self.raise_faults(rows, actions)

    def _split(self, rows: np.ndarray, advance: Callable[[np.ndarray, int], None]) -> None:
        share_out(rows, self.threads, advance)

    def raise_faults(self, rows: np.ndarray, actions: np.ndarray) -> None:
        """Raise the error of the first of rows [k] that cannot be stepped, if any; after a step
        under actions [n, 4].
        """
        check_finite_actions(actions, rows)
        check_reset(self._age, rows)
        self._raise_faults(rows)

    def _raise_faults(self, rows: np.ndarray) -> None:
        """Raise the error of the first row with a fault, if any."""
        faults = self._integer_rows()[rows, at.FAULT]
        if faults.any():
            worst = int(np.flatnonzero(faults)[0])
            row, fault = int(rows[worst]), int(faults[worst])
            self._overflows += fault == at.OVERFLOW
            raise failure(row, fault, int(self._age[row]))

    def phases(
        self, rows: np.ndarray, actions: np.ndarray, part: int
    ) -> list[tuple[world.Kernel, tuple]]:
        """The kernels of one step in order, each with its arguments; see step_call.phases."""
        return phases(self, rows, actions, part)
