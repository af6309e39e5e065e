"""The walker's simulator for learners: batched episodes, with torch tensors as inputs and outputs.

The same class runs on both physics engines: batch.WalkerBatch, and the real Box2D one walker at a
time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from ..parts.draws import seeds_by_row
from .sizes import mask_of

if TYPE_CHECKING:
    from .batch import WalkerBatch
    from .body import Body
    from .box2d import Box2DWalker
    from .pose import Pose
    from .task import Lidar, Realisation, WalkerTask
    from .track import Track

    Realise = Callable[[int, int], Realisation]  # of a row and a seed


SLICE = 100  # steps after which the walkers still running are distributed over threads again


@dataclass(frozen=True)
class WalkerState:
    """Pose of one walker and its track, for pictures."""

    track: Track
    pose: Pose


# observations [n, 24] f32, rewards [n] f64, terminated [n] bool
Stepped = tuple[np.ndarray, np.ndarray, np.ndarray]


class Walkers(Protocol):
    """A batch of walkers on any physics engine."""

    @property
    def finished(self) -> np.ndarray:
        """[n] bool: the hull is past the far end."""
        ...

    def place(self, row: int, track: Track, body: Body) -> None: ...
    def reset(self, rows: np.ndarray | None = None) -> np.ndarray: ...
    def step(self, actions: np.ndarray, live: np.ndarray) -> Stepped: ...
    def pose(self, row: int) -> Pose: ...


class WalkerSimulator:
    """Simulator (poet.interfaces); rows that have ended keep their state.

    horizon: steps after which a row is truncated, one number for all rows or [n].
    realise: track and body of a row's task for (row, seed); needed by `redraw`, and as TaskRows by
    `assign`, which the simulator has only then.
    """

    def __init__(
        self,
        walkers: Walkers,
        tracks: Sequence[Track],
        horizon: int | np.ndarray,
        device: str,
        realise: Realise | None = None,
    ) -> None:
        rows = len(tracks)
        self.walkers, self.tracks, self.device = walkers, list(tracks), device
        self._realise = realise
        self.horizon = np.broadcast_to(np.asarray(horizon, np.int64), rows).copy()
        self.steps = 0
        self._live, self._terminated, self._truncated = (
            np.ones(rows, bool),
            np.zeros(rows, bool),
            np.zeros(rows, bool),
        )
        self._ages = np.zeros(rows, np.int64)
        if (assign := getattr(realise, "assign", None)) is not None:
            self.assign = partial(self._assigned, assign)

    @property
    def success(self) -> torch.Tensor:
        return self._out(self.walkers.finished & self._terminated)

    def reset(self) -> torch.Tensor:
        self._live[:], self._terminated[:], self._truncated[:], self._ages[:] = (
            True,
            False,
            False,
            0,
        )
        return self._out(self.walkers.reset())

    def restart(self, rows: torch.Tensor, count: int | torch.Tensor = 1) -> torch.Tensor:
        """Start the next episode of the rows in the mask [n] bool, on the same terrain.

        All episodes on a terrain begin in the same state, so `count` has no effect, and a walker
        that has not moved since its reset is not reset again.
        """
        return self._begin(self._chosen(rows) & (self._ages > 0))

    def redraw(self, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        """Start the rows of the mask [n] bool on new realisations of their tasks; see
        poet.interfaces. The terrain stays if the task has a seed of its own.
        """
        chosen = self._chosen(rows)
        for row, drawn in realised(self._realise, rows, seeds):
            self.tracks[row] = drawn.track
            self.walkers.place(row, drawn.track, drawn.body)
        return self._begin(chosen)

    def _assigned(
        self,
        assign: Callable[[int, WalkerTask], int],
        rows: torch.Tensor,
        tasks: Sequence[WalkerTask],
        seeds: Sequence[int],
    ) -> torch.Tensor:
        """Start the rows of the mask [n] bool on other tasks; see `assign` of poet.interfaces.

        assign: TaskRows.assign.
        """
        chosen = np.flatnonzero(self._chosen(rows))
        for row, task in zip(chosen.tolist(), tasks, strict=True):
            self.horizon[row] = assign(row, task)
        return self.redraw(rows, seeds)

    def _chosen(self, rows: torch.Tensor) -> np.ndarray:
        return mask_of(rows.cpu().numpy(), len(self._live), "rows")

    def _begin(self, chosen: np.ndarray) -> torch.Tensor:
        """Start an episode in the rows of the mask; observations of all rows."""
        self._live |= chosen
        self._terminated &= ~chosen
        self._truncated &= ~chosen
        self._ages[chosen] = 0
        return self._out(self.walkers.reset(chosen))

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        given = actions.detach().to("cpu", torch.float32).numpy()
        observations, rewards, terminated = self.walkers.step(given, self._live)
        self._ages += self._live
        self.steps += int(self._live.sum())
        self._ended(terminated)
        return (
            self._out(observations),
            self._out(rewards),
            self._out(self._terminated.copy()),
            self._out(self._truncated.copy()),
        )

    def _ended(self, terminated: np.ndarray) -> None:
        self._terminated |= terminated & self._live
        self._truncated |= self._live & ~terminated & (self._ages >= self.horizon)
        self._live = ~(self._terminated | self._truncated)

    def state(self, row: int) -> WalkerState:
        return WalkerState(self.tracks[row], self.walkers.pose(row))

    def _out(self, values: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(values)
        return tensor if self.device == "cpu" else tensor.to(self.device)


def realised(
    realise: Realise | None, rows: torch.Tensor, seeds: Sequence[int]
) -> list[tuple[int, Realisation]]:
    """Rows of the mask [n] bool, each with the realisation of its task for its seed."""
    if realise is None:
        raise ValueError("redraw needs a simulator made by a task family: tracks have no seeds")
    return [(row, realise(row, seed)) for row, seed in seeds_by_row(rows, seeds)]


class CompiledWalkers(WalkerSimulator):
    """The simulator on WalkerBatch, which can also run whole episodes in compiled code."""

    walkers: WalkerBatch

    def play(self, act: Any, *arrays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See poet.interfaces, `Simulator.play`. Rows are distributed over threads again every
        SLICE steps, since some end early.
        """
        self.reset()
        returns = np.zeros(len(self._live))
        while self._live.any():
            limit = min(SLICE, int((self.horizon - self._ages)[self._live].min()))
            taken, terminated = self.walkers.play(act, arrays, self._live, limit, returns)
            self._ages += taken
            self.steps += int(taken.sum())
            self._ended(terminated)
        return returns, self._ages.copy()


class Box2DWalkers:
    """The real Box2D with the same methods, stepping walkers one after another.

    bodies: [n]. lidar: of Box2DWalker.
    """

    def __init__(self, tracks: Sequence[Track], bodies: Sequence[Body], lidar: Lidar) -> None:
        from .box2d import Box2DWalker

        self.walkers: list[Box2DWalker] = [
            Box2DWalker(track, lidar, body) for track, body in zip(tracks, bodies, strict=True)
        ]
        self._lidar: Lidar = lidar
        self.observations = np.zeros((len(tracks), 24), np.float32)

    def place(self, row: int, track: Track, body: Body) -> None:
        """Replace a row's walker by one on another track or with another body, to be reset."""
        from .box2d import Box2DWalker

        self.walkers[row] = Box2DWalker(track, self._lidar, body)

    @property
    def finished(self) -> np.ndarray:
        return np.array([walker.finished for walker in self.walkers], bool)

    def reset(self, rows: np.ndarray | None = None) -> np.ndarray:
        for row in range(len(self.walkers)) if rows is None else np.flatnonzero(rows):
            self.observations[row] = self.walkers[row].reset()
        return self.observations.copy()

    def step(self, actions: np.ndarray, live: np.ndarray) -> Stepped:
        rewards, terminated = np.zeros(len(live)), np.zeros(len(live), bool)
        for row in np.flatnonzero(live):
            self.observations[row], rewards[row], terminated[row] = self.walkers[row].step(
                actions[row]
            )
        return self.observations.copy(), rewards, terminated

    def pose(self, row: int) -> Pose:
        return self.walkers[row].pose()
