"""A batch of walkers in GPU memory: torch tensors with their state, and the kernels that step it.

Tracks and bodies are built on the host and copied when they change (tables.py). All other data
stays on the device; from time to time the host lists the rows still running (`list_rows`), so that
ended walkers do not occupy warps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..faults import failure
from ..physics import state as at
from . import kernels
from .compiler import DeviceKernel, device_array, select, stream_of
from .queues import JAMMED, QUEUES, STRUCK
from .tables import Tables

if TYPE_CHECKING:
    from ..body import Body
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


class DeviceWalkers:
    """One walker per track, with age and return of its current episode. Tensors are on `device`.

    bodies: the body of each row; None: Gymnasium's for all.
    horizon: steps after which a row is truncated, one number for all rows or [n].
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        device: str,
        horizon: int | np.ndarray,
        *,
        bodies: Sequence[Body] | None = None,
        velocity_iterations: int = 180,
        position_iterations: int = 60,
    ) -> None:
        if not len(tracks):
            raise ValueError("a batch needs at least one track, got none")
        self.device = torch.device(device)
        select(self.device)
        self._allocate(len(tracks))
        self.tables = Tables(tracks, bodies, self.device)
        self._iterations = velocity_iterations, position_iterations
        self._set_places()
        limits = np.array(np.broadcast_to(np.asarray(horizon, np.int64), len(tracks)))
        self.horizons = torch.from_numpy(limits).to(self.device)
        self._arrange(self.tables, *self._iterations)

    def place(self, row: int, track: Track, body: Body | None = None) -> None:
        """Assign another track, and another body, to a row, from the next `upload` on; the row must
        then be reset. None: the row keeps its body.
        """
        self.tables.place(row, track, body)

    def upload(self) -> None:
        """Copy newly placed tracks and bodies to the device."""
        if self.tables.upload():
            self._arrange(self.tables, *self._iterations)
        self._set_places()

    def _set_places(self) -> None:
        places, bodies = self.tables.places, self.tables.body_places
        self.k[:, int(at.TRACK)] = torch.from_numpy(places).to(self.device)
        self.k[:, int(at.TRAITS)] = torch.from_numpy(bodies).to(self.device)

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

    def _arrange(self, tables: Tables, velocity: int, position: int) -> None:
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
        track, few = (tables.shapes, tables.corners, tables.table), min(FEW, position)
        bodies = tables.bodies

        def listed(kernel: DeviceKernel, *arguments: Any) -> Phase:
            return Phase(kernel, WIDTHS[kernel.source.__name__], 0, (rows, count, *arguments))

        def queueing(kernel: DeviceKernel, queues: int, *arguments: Any) -> Phase:
            return Phase(
                kernel, WIDTHS[kernel.source.__name__], queues, (f, k, queue, queued, *arguments)
            )

        self.begin = listed(kernels.START, f, k, tables.shapes, tables.table, bodies, tables.pushes)
        self.phases = [
            listed(kernels.COLLIDE, live, f, k, queue, queued, *track, bodies, flat, events),
            queueing(kernels.SOLVE, int(JAMMED), bodies, events, velocity, few),
            queueing(kernels.SETTLE, int(STRUCK - JAMMED), bodies, events, position - few),
            listed(kernels.PAIRS, live, f, k, queued, contacts, *track, bodies),
            queueing(kernels.IMPACTS, 0, contacts, struck, *track, bodies),
            queueing(kernels.TOI, 1, struck, *track, bodies, events, velocity),
            listed(kernels.OBSERVE, live, f, k, *track, tables.ends, flat, obs, *account),
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

    def restart(self, chosen: torch.Tensor) -> None:
        """As `reset`, but all rows are listed then, and the host does not wait for the device."""
        self.rows.copy_(torch.argsort((~chosen).to(torch.uint8), stable=True))  # the chosen first
        self.count.copy_(chosen.sum())
        self.threads = self.n  # those beyond the count have nothing to do
        self.actions.zero_()
        self.live |= chosen
        self.begin.launch(self.threads, stream_of(self.device))
        self.advance()
        for account in (self.terminated, self.truncated, self.ages, self.returns):
            account.masked_fill_(chosen, 0)
        self.live |= chosen
        self.count.fill_(self.n)

    def advance(self) -> None:
        """One step of the listed rows that have not ended, under `actions`."""
        stream = stream_of(self.device)
        self.queued.zero_()
        for phase in self.phases:
            phase.launch(self.threads, stream)

    def load(self, f: np.ndarray, k: np.ndarray, shaping: np.ndarray) -> None:
        """Copy the state of a WalkerBatch with the same tracks and bodies: floats, integers and
        reward potentials.
        """
        self.f.copy_(torch.from_numpy(f.reshape(self.n, -1)))
        own = [int(at.TRACK), int(at.TRAITS)]
        places = self.k[:, own].clone()
        self.k.copy_(torch.from_numpy(k.reshape(self.n, -1)))
        self.k[:, own] = places
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
