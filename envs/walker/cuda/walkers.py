"""Many walkers in a GPU's memory: torch tensors that hold their state, and the kernels that step it.

Terrains are built on the host and copied once. Everything else stays on the device; the host learns which rows still
live when it lists them anew (`list_rows`), so that warps are not kept busy by walkers that have ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..faults import failure
from ..physics import state as at
from ..physics.terrain import Terrains
from . import kernels
from .compiler import device_array, select, stream_of

if TYPE_CHECKING:
    from ..track import Track

ACTIONS, OBSERVATIONS = 4, 24


class DeviceWalkers:
    """One walker a track, and the account of its present episode. All attributes that are tensors lie on `device`."""

    def __init__(
        self,
        tracks: Sequence[Track],
        device: str,
        horizon: int,
        *,
        velocity_iterations: int = 180,
        position_iterations: int = 60,
    ) -> None:
        if not len(tracks):
            raise ValueError("a batch needs at least one track, got none")
        n = self.n = len(tracks)
        self.device = torch.device(device)
        select(self.device)

        def zeros(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
            return torch.zeros(*shape, dtype=dtype, device=device)

        self.f, self.k = zeros(int(at.FLOATS), n), zeros(int(at.INTEGERS), n, dtype=torch.int32)
        self.events = zeros(int(at.EVENT_COUNT), n, dtype=torch.int64)
        self.actions, self.observations = zeros(n, ACTIONS), zeros(n, OBSERVATIONS)
        self.reward, self.returns, self.shaping = (zeros(n, dtype=torch.float64) for _ in range(3))
        flags = (zeros(n, dtype=torch.bool) for _ in range(5))
        self.live, self.terminated, self.truncated, self.finished, self.wild = flags  # wild: an action was not finite
        self.ages, self.rows, self.count = (zeros(size, dtype=torch.int64) for size in (n, n, 1))
        self.threads = 0  # rows that are listed, as the host knows it

        terrains = Terrains()
        places = np.array([terrains.add(track) for track in tracks], np.int32)
        self.k[int(at.TRACK)] = torch.from_numpy(places).to(device)
        ground = (terrains.shapes.ravel(), terrains.corners.ravel(), terrains.table.ravel(), terrains.pushes)
        shapes, corners, table, pushes = (device_array(torch.from_numpy(a).to(device)) for a in ground)
        ends = device_array(torch.from_numpy(terrains.ends).to(device))

        listed = (device_array(self.rows), device_array(self.count))
        f, k, events, live = (device_array(t) for t in (self.f, self.k, self.events, self.live))
        flat, obs = device_array(self.actions.view(-1)), device_array(self.observations.view(-1))
        step = (self.reward, self.terminated, self.finished, self.shaping, self.truncated, self.ages, self.returns)
        some, track = (*listed, live, f, k), (shapes, corners, table)
        self.begin = (kernels.START, (*listed, f, k, shapes, table, pushes))
        self.phases: list[tuple[Any, tuple[Any, ...]]] = [
            (kernels.COLLIDE, (*some, *track, flat, events)),
            (kernels.SOLVE, (*some, events, velocity_iterations, position_iterations)),
            (kernels.PAIRS, (*some, shapes, table)),
            (kernels.TOI, (*some, *track, events, velocity_iterations)),
            (kernels.OBSERVE, (*some, *track, ends, flat, obs, *(device_array(t) for t in step), horizon)),
        ]

    def list_rows(self, rows: torch.Tensor) -> None:
        """The rows that kernels work on from now on: indices [k]."""
        self.threads = len(rows)
        self.rows[: self.threads] = rows
        self.count.fill_(self.threads)

    def list_live(self) -> None:
        self.list_rows(torch.nonzero(self.live)[:, 0])

    def reset(self, chosen: torch.Tensor) -> None:
        """Rebuild the walkers in the mask [n] bool. As Gymnasium does, one step with no action is taken, uncounted."""
        rows = torch.nonzero(chosen)[:, 0]
        self.list_rows(rows)
        self.actions.zero_()
        self.live[rows] = True
        if self.threads:
            kernel, arguments = self.begin
            kernel.launch(self.threads, stream_of(self.device), *arguments)
        self.advance()
        for account in (self.terminated, self.truncated, self.ages, self.returns):
            account[rows] = 0
        self.live[rows] = True
        self.wild.zero_()
        self.complain()
        self.list_live()

    def advance(self) -> None:
        """One step of the listed rows that live, under `actions`."""
        if self.threads:
            stream = stream_of(self.device)
            for kernel, arguments in self.phases:
                kernel.launch(self.threads, stream, *arguments)

    def load(self, f: np.ndarray, k: np.ndarray, shaping: np.ndarray) -> None:
        """Every walker as a WalkerBatch of the same tracks holds it: blocks of floats and integers, and potentials."""
        self.f.copy_(torch.from_numpy(f.reshape(self.n, -1).T.copy()))
        places = self.k[int(at.TRACK)].clone()
        self.k.copy_(torch.from_numpy(k.reshape(self.n, -1).T.copy()))
        self.k[int(at.TRACK)] = places
        self.shaping.copy_(torch.from_numpy(shaping))
        self.live.fill_(True)
        self.list_live()

    def take(self, actions: torch.Tensor) -> None:
        """The actions [n, 4] of the coming step."""
        self.actions.copy_(actions)
        self.wild |= self.live & ~torch.isfinite(self.actions).all(dim=1)

    def complain(self) -> None:
        """Raise if a walker cannot go on. The host waits for the device."""
        faults = self.k[int(at.FAULT)]
        if bool(self.wild.any()):
            row = int(torch.nonzero(self.wild)[0])
            raise ValueError(f"actions must be finite, got NaN or infinity for walker {row}")
        if bool(faults.any()):
            row = int(torch.nonzero(faults)[0])
            raise failure(row, int(faults[row]), int(self.ages[row]))
