"""Many bipedal walkers at once, each the very walker of Gymnasium and Box2D 2.3.10, bit for bit
(x86-64).

What a row does depends on its track and its actions only: not on the other rows, not on the number
of threads, not on what the row did before its reset. Gymnasium's own environment keeps that promise
only when it is freshly made.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..parts.processors import threads_of
from .faults import failure
from .physics import episode, lanes, step, world
from .physics import state as at
from .physics.draw_track import DRAW
from .physics.jit import SOURCE, compile_all
from .physics.kernel_cache import config, source_hash
from .physics.shapes import SHAPES
from .physics.terrain import Terrains
from .pose import Pose, pose
from .sizes import check_policy, mask_of, rows_of
from .step_call import StepCall, block_width, step_phases
from .threads import scratch, share_out

if TYPE_CHECKING:
    from .track import Track

ACTIONS, OBSERVATIONS = 4, 24
_compiling = threading.Lock()


def compile_kernels(progress: Callable[[str], None] | None = None) -> float:
    """Make the kernels ready, from the cache if they were ever compiled here; the seconds it took.

    progress: told one line before each kernel that must be compiled. WalkerBatch calls this by
    itself.
    """
    with _compiling:
        return compile_all([*world.KERNELS, SHAPES, DRAW, step.STEP, episode.PLAY], progress)


@cache
def _source() -> str:
    """Which physics it is whose state is pickled."""
    return source_hash(SOURCE)


class WalkerBatch:
    """One walker a track. Rows that share a Track object share its memory."""

    def __init__(
        self,
        tracks: Sequence[Track],
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
        self.steps = 0  # walker-steps simulated, resets not counted
        self.finished = np.zeros(n, bool)  # the hull is past the far end
        self._overflows = 0
        # walkers solved side by side at most; any gives the same results
        self._width = int(lanes.LANES)
        self._cull = 1  # 0: every time of impact by GJK, which gives the same results
        self._terrains = Terrains()
        self._tracks: list[Track] = list(tracks)
        self._places = np.array([self._terrains.add(track) for track in tracks], np.int64)
        self._f = np.zeros(n * int(at.FLOATS), np.float32)
        self._k = np.zeros(n * int(at.INTEGERS), np.int32)
        self._events = np.zeros((n, int(at.EVENT_COUNT)), np.int64)
        self._obs = np.zeros((n, OBSERVATIONS), np.float32)
        self._reward, self._shaping = np.zeros(n), np.zeros(n)
        self._terminated = np.zeros(n, bool)
        self._age = np.full(n, -1)  # steps since the reset; -1: never reset
        self._prepare()

    def _prepare(self) -> None:
        """What is no state."""
        self._scratch = [scratch() for _ in range(self.threads)]
        self._step_rows = None if config.DISABLE_JIT else StepCall(self)

    def __getstate__(self) -> dict[str, Any]:
        """All of the walkers' state; copies and pickles go on as this batch would."""
        transient = ("_scratch", "_step_rows")
        kept = {name: value for name, value in self.__dict__.items() if name not in transient}
        return {**kept, "source": _source()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state.pop("source") != _source():
            raise ValueError(
                "these walkers were pickled by another version of openpoet: reset new ones"
            )
        compile_kernels()
        self.__dict__.update(state)
        self._prepare()

    @property
    def events(self) -> Mapping[str, int]:
        """What happened since construction, resets' own step included; says which code was
        exercised.
        """
        counts = self._events.sum(axis=0)
        return {
            **dict(zip(at.EVENT_NAMES, counts.tolist(), strict=True)),
            "slot_overflow": self._overflows,
        }

    def place(self, row: int, track: Track) -> None:
        """Give a row another track. It takes effect at the row's reset."""
        self._tracks[row] = track

    def reset(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Rebuild the walkers of `rows` (all if None) on their tracks; observations [n, 24] of all
        rows.

        rows: indices [k] or a mask [n]. As Gymnasium does, the world is made and one step with no
        action is taken.
        """
        chosen = np.arange(self.n) if rows is None else rows_of(rows, self.n)
        for row in chosen:
            place = int(self._places[row])
            if self._terrains.tracks[place] is not self._tracks[row]:
                self._places[row] = self._terrains.add(self._tracks[row])
                self._terrains.release(place)
        self._integers()[chosen, at.TRACK] = self._places[chosen]
        t = self._terrains
        world.START(chosen, self._f, self._k, t.shapes.ravel(), t.table.ravel(), t.pushes)
        self._age[chosen] = 0
        self._run(chosen, np.zeros((self.n, ACTIONS), np.float32), 0)
        self._terminated[chosen] = False
        return self._obs.copy()

    def step(
        self, actions: np.ndarray, live: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Observations [n, 24] float32, rewards [n] float64, terminated [n] bool after actions [n,
        4] in [-1, 1].

        live: [n] bool, the rows to simulate; the others stay as they are and get reward 0. Actions
        beyond [-1, 1] are clipped where Gymnasium clips them. As in Gymnasium, torque and reward
        are computed in the actions' dtype (integers: float64). FloatingPointError if a walker's
        state is no longer finite.
        """
        given = np.asarray(actions)
        if given.dtype.kind not in "fiub":
            raise ValueError(f"actions must be numbers, got an array of {given.dtype}")
        if given.shape != (self.n, ACTIONS):
            raise ValueError(
                f"actions must have shape [{self.n}, {ACTIONS}], got {list(given.shape)}"
            )
        rows = np.arange(self.n) if live is None else np.flatnonzero(self._mask(live))
        self._reward[:] = 0.0
        self._run(rows, given if given.dtype.kind == "f" else given.astype(np.float64), 1)
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

        act, arrays: as in poet.interfaces, `Simulator.play`. returns: [n] float64, to which rewards
        are added, one by one in order. A row that terminates stops there. That the weights fit the
        layout is for `act` to check.
        """
        check_policy(arrays, returns, self.n)
        steps, actions = np.zeros(self.n, np.int64), np.zeros((self.n, ACTIONS), np.float32)

        def advance(rows: np.ndarray, part: int) -> None:
            phases = self.phases(rows, actions, part)
            (_, collide), (_, solve), _, (_, toi), (_, observe) = phases
            episode.PLAY(
                rows, limit, act, *(kernel.compiled for kernel, _ in phases), *arrays,
                self._obs, actions, actions.ravel(), *collide[1:6], observe[6], collide[7],
                *solve[4:6], *toi[7:9], *solve[6:], toi[10], *observe[8:], returns, steps,
            )  # fmt: skip

        rows = np.flatnonzero(self._mask(live))
        self._check_reset(rows)
        self._reward[:] = 0.0
        self._split(rows, advance)
        # a policy whose weights do not fit its layout gives NaN at every step
        self._check_finite(actions, rows)
        self._age += steps
        self.steps += int(steps.sum())
        self._complain(rows)
        return steps, self._terminated.copy()

    def pose(self, row: int) -> Pose:
        """How one walker stands now; a value of its own, not a view."""
        return pose(self._f.reshape(self.n, -1)[row])

    def _integers(self) -> np.ndarray:
        return self._k.reshape(self.n, -1)

    def _check_finite(self, actions: np.ndarray, rows: np.ndarray) -> None:
        finite = np.isfinite(actions).all(axis=1)[rows]
        if not finite.all():
            row = int(rows[np.argmin(finite)])
            raise ValueError(
                f"actions must be finite, got {actions[row].tolist()} for walker {row}"
            )

    def _check_reset(self, rows: np.ndarray) -> None:
        if (self._age[rows] < 0).any():
            raise ValueError(
                f"walker {int(rows[np.argmin(self._age[rows])])} was never reset; "
                "call reset() first"
            )

    def _mask(self, live: np.ndarray) -> np.ndarray:
        return mask_of(live, self.n, "live")

    def _run(self, rows: np.ndarray, actions: np.ndarray, elapsed: int) -> None:
        """One step of `rows` under actions [n, 4] of any float dtype. elapsed: 0 in a reset, else
        1.
        """
        call = self._step_rows if actions.dtype == np.float32 else None
        if call is None or self.threads > 1:  # before any row has changed
            self._check_finite(actions, rows)
            self._check_reset(rows)
        if call is None:
            self._age[rows] += elapsed
            step_phases(self, rows, actions)
        elif call(self, rows, actions, elapsed):
            return
        self._check_finite(actions, rows)
        self._check_reset(rows)
        self._complain(rows)

    def _split(self, rows: np.ndarray, advance: Callable[[np.ndarray, int], None]) -> None:
        share_out(rows, self.threads, advance)

    def _complain(self, rows: np.ndarray) -> None:
        """Raise if a walker can not go on."""
        faults = self._integers()[rows, at.FAULT]
        if faults.any():
            worst = int(np.flatnonzero(faults)[0])
            row, fault = int(rows[worst]), int(faults[worst])
            self._overflows += fault == at.OVERFLOW
            raise failure(row, fault, int(self._age[row]))

    def phases(
        self, rows: np.ndarray, actions: np.ndarray, part: int
    ) -> list[tuple[world.Kernel, tuple]]:
        """The kernels of one step in order, each with its arguments. Also what benchmarks time."""
        t = self._terrains
        shapes, corners, table = t.shapes.ravel(), t.corners.ravel(), t.table.ravel()
        state, flat, events = (rows, self._f, self._k), actions.ravel(), self._events.ravel()
        (s, i, *wide, rays), (velocity, position) = self._scratch[part], self.iterations
        results = (
            self._obs.ravel(),
            self._reward,
            self._terminated,
            self.finished,
            self._shaping,
            rays,
        )
        return [
            (world.COLLIDE, (*state, shapes, corners, table, flat, events)),
            (
                world.SOLVE,
                (
                    *state,
                    events,
                    s,
                    i,
                    *wide,
                    velocity,
                    position,
                    block_width(len(rows), self._width),
                ),
            ),
            (world.PAIRS, (*state, shapes, table)),
            (world.TOI, (*state, shapes, corners, table, events, s[0], i[0], velocity, self._cull)),
            (world.OBSERVE, (*state, shapes, corners, table, t.ends, flat, *results)),
        ]
