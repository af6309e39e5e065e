"""A batch of walkers in GPU memory: torch tensors with their state, and the kernels that step it.

Terrains are built on the host and copied once. All other data stays on the device; from time to
time the host lists the rows still running (`list_rows`), so that ended walkers do not occupy warps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..faults import failure
from ..physics import state as at
from ..physics.terrain import Terrains
from . import kernels
from .compiler import DeviceKernel, device_array, select, stream_of
from .queues import JAMMED, QUEUES, STRUCK

if TYPE_CHECKING:
    from ..track import Track

ACTIONS, OBSERVATIONS = 4, 24
FEW = 4  # position sweeps after which most walkers have converged; the others continue together
# Walkers per warp of each kernel (benchmarks/results/walker_cuda.txt), fewer where their work
# differs.
WIDTHS = {
    "start": 32,
    "collide": 32,
    "solve": 32,
    "settle": 16,
    "pairs": 8,
    "impacts": 32,
    "toi": 8,
    "observe": 32,
}


@dataclass(frozen=True)
class Phase:
    """A kernel with its walkers per warp and its arguments."""

    kernel: DeviceKernel
    width: int
    queues: int  # number of queues it processes; a warp processes one of them
    arguments: tuple[Any, ...]

    def launch(self, walkers: int, stream: Any) -> None:
        if walkers:
            idle = min(self.queues, walkers) * (self.width - 1)
            self.kernel.launch(walkers + idle, self.width, stream, *self.arguments)


class Ground:
    """The tracks of a batch on the host, and their arrays (physics/terrain.py) in device memory.

    places: [n] int32 on the host, each row's place in them.
    """

    def __init__(self, tracks: Sequence[Track], device: torch.device) -> None:
        self.device, self.terrains = device, Terrains()
        self.places = np.array([self.terrains.add(track) for track in tracks], np.int32)
        self._changed: set[int] = set()  # places
        self._host = self.terrains.shapes  # another array once the terrains have grown
        self._copy()

    def _copy(self) -> None:
        t = self.terrains
        self._host = t.shapes
        self._tensors = [
            torch.from_numpy(array.copy()).to(self.device)
            for array in (t.shapes, t.corners, t.table, t.pushes, t.ends)
        ]
        self.shapes, self.corners, self.table, self.pushes, self.ends = (
            device_array(tensor.view(-1)) for tensor in self._tensors
        )

    def place(self, row: int, track: Track) -> None:
        """Assign a track to a row; the device has it after `upload`."""
        before = int(self.places[row])
        if self.terrains.tracks[before] is not track:
            self.places[row] = self.terrains.add(track)
            self.terrains.release(before)
            self._changed.add(int(self.places[row]))

    def upload(self) -> bool:
        """Copy the tracks placed since the last upload; True if the device arrays are other ones
        than before, because the terrains have grown.
        """
        t, changed = self.terrains, sorted(self._changed)
        self._changed.clear()
        if t.shapes is not self._host:
            self._copy()
            return True
        arrays: tuple[np.ndarray, ...] = (t.shapes, t.corners, t.table, t.pushes, t.ends)
        for tensor, array in zip(self._tensors, arrays, strict=True):
            tensor[changed] = torch.from_numpy(array[changed]).to(self.device)
        return False


class DeviceWalkers:
    """One walker per track, with age and return of its current episode. Tensors are on `device`.

    horizon: steps after which a row is truncated, one number for all rows or [n].
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        device: str,
        horizon: int | np.ndarray,
        *,
        velocity_iterations: int = 180,
        position_iterations: int = 60,
    ) -> None:
        if not len(tracks):
            raise ValueError("a batch needs at least one track, got none")
        self.device = torch.device(device)
        select(self.device)
        self._allocate(len(tracks))
        self.ground = Ground(tracks, self.device)
        self._iterations = velocity_iterations, position_iterations
        self._set_places()
        limits = np.array(np.broadcast_to(np.asarray(horizon, np.int64), len(tracks)))
        self.horizons = torch.from_numpy(limits).to(self.device)
        self._arrange(self.ground, *self._iterations)

    def place(self, row: int, track: Track) -> None:
        """Assign another track to a row, from the next `upload` on; the row must then be reset."""
        self.ground.place(row, track)

    def upload(self) -> None:
        """Copy newly placed tracks to the device."""
        if self.ground.upload():
            self._arrange(self.ground, *self._iterations)
        self._set_places()

    def _set_places(self) -> None:
        self.k[:, int(at.TRACK)] = torch.from_numpy(self.ground.places).to(self.device)

    def _allocate(self, n: int) -> None:
        def zeros(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
            return torch.zeros(*shape, dtype=dtype, device=self.device)

        self.n = n
        self.f, self.k = zeros(n, int(at.FLOATS)), zeros(n, int(at.INTEGERS), dtype=torch.int32)
        self.events = zeros(n, int(at.EVENT_COUNT), dtype=torch.int64)
        self.queue, self.queued = (
            zeros(QUEUES, n, dtype=torch.int32),
            zeros(QUEUES + 1, dtype=torch.int32),
        )
        self.contacts, self.struck = (
            zeros(n * int(at.SLOTS), dtype=torch.int64),
            zeros(n, dtype=torch.int32),
        )
        self.actions, self.observations = zeros(n, ACTIONS), zeros(n, OBSERVATIONS)
        self.reward, self.returns, self.shaping = (zeros(n, dtype=torch.float64) for _ in range(3))
        flags = (zeros(n, dtype=torch.bool) for _ in range(5))
        # wild: an action was not finite
        self.live, self.terminated, self.truncated, self.finished, self.wild = flags
        self.ages, self.rows, self.count = (zeros(size, dtype=torch.int64) for size in (n, n, 1))
        self.threads = 0  # number of listed rows, on the host

    def _arrange(self, ground: Ground, velocity: int, position: int) -> None:
        """Prepare the kernels of a step in order, each with its arguments, and the kernel that
        starts an episode.
        """
        rows, count, live, queued = map(
            device_array, (self.rows, self.count, self.live, self.queued)
        )
        queue, contacts, struck = map(device_array, (self.queue, self.contacts, self.struck))
        f, k, events = (device_array(tensor.view(-1)) for tensor in (self.f, self.k, self.events))
        flat, obs = device_array(self.actions.view(-1)), device_array(self.observations.view(-1))
        results = (
            self.reward,
            self.terminated,
            self.finished,
            self.shaping,
            self.truncated,
            self.ages,
            self.returns,
        )
        account = map(device_array, (*results, self.horizons))
        track, few = (ground.shapes, ground.corners, ground.table), min(FEW, position)

        def listed(kernel: DeviceKernel, *arguments: Any) -> Phase:
            return Phase(kernel, WIDTHS[kernel.source.__name__], 0, (rows, count, *arguments))

        def queueing(kernel: DeviceKernel, queues: int, *arguments: Any) -> Phase:
            return Phase(
                kernel, WIDTHS[kernel.source.__name__], queues, (f, k, queue, queued, *arguments)
            )

        self.begin = listed(kernels.START, f, k, ground.shapes, ground.table, ground.pushes)
        self.phases = [
            listed(kernels.COLLIDE, live, f, k, queue, queued, *track, flat, events),
            queueing(kernels.SOLVE, int(JAMMED), events, velocity, few),
            queueing(kernels.SETTLE, int(STRUCK - JAMMED), events, position - few),
            listed(kernels.PAIRS, live, f, k, queued, contacts, *track),
            queueing(kernels.IMPACTS, 0, contacts, struck, *track),
            queueing(kernels.TOI, 1, struck, *track, events, velocity),
            listed(kernels.OBSERVE, live, f, k, *track, ground.ends, flat, obs, *account),
        ]

    def list_rows(self, rows: torch.Tensor) -> None:
        """Set the rows that kernels process: indices [k]."""
        self.threads = len(rows)
        self.rows[: self.threads] = rows
        self.count.fill_(self.threads)

    def list_live(self) -> None:
        self.list_rows(torch.nonzero(self.live)[:, 0])

    def reset(self, chosen: torch.Tensor) -> None:
        """Rebuild the walkers in the mask [n] bool. As in Gymnasium, a reset includes one step with
        zero actions, which is not counted.
        """
        if tuple(chosen.shape) != (self.n,) or chosen.dtype != torch.bool:
            raise ValueError(
                f"rows must be bool of shape [{self.n}], got {chosen.dtype} {list(chosen.shape)}"
            )
        rows = torch.nonzero(chosen)[:, 0]
        self.list_rows(rows)
        self.actions.zero_()
        self.live[rows] = True
        self.begin.launch(self.threads, stream_of(self.device))
        self.advance()
        for account in (self.terminated, self.truncated, self.ages, self.returns):
            account[rows] = 0
        self.live[rows] = True
        self.wild.zero_()
        self.raise_faults()
        self.list_live()

    def advance(self) -> None:
        """One step of the listed rows that have not ended, under `actions`."""
        stream = stream_of(self.device)
        self.queued.zero_()
        for phase in self.phases:
            phase.launch(self.threads, stream)

    def load(self, f: np.ndarray, k: np.ndarray, shaping: np.ndarray) -> None:
        """Copy the state of a WalkerBatch with the same tracks: floats, integers and reward
        potentials.
        """
        self.f.copy_(torch.from_numpy(f.reshape(self.n, -1)))
        places = self.k[:, int(at.TRACK)].clone()
        self.k.copy_(torch.from_numpy(k.reshape(self.n, -1)))
        self.k[:, int(at.TRACK)] = places
        self.shaping.copy_(torch.from_numpy(shaping))
        self.live.fill_(True)
        self.list_live()

    def take(self, actions: torch.Tensor) -> None:
        """Set the actions [n, 4] of the next step."""
        if actions.shape != self.actions.shape:  # copy_ would broadcast one row to all walkers
            raise ValueError(
                f"actions must have shape {list(self.actions.shape)}, got {list(actions.shape)}"
            )
        self.actions.copy_(actions)
        self.wild |= self.live & ~torch.isfinite(self.actions).all(dim=1)

    def raise_faults(self) -> None:
        """Raise the error of the first walker with a fault. Synchronises with the device."""
        faults = self.k[:, int(at.FAULT)]
        if bool(self.wild.any()):
            row = int(torch.nonzero(self.wild)[0])
            raise ValueError(f"actions must be finite, got NaN or infinity for walker {row}")
        if bool(faults.any()):
            row = int(torch.nonzero(faults)[0])
            raise failure(row, int(faults[row]), int(self.ages[row]))
