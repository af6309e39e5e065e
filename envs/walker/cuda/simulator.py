"""The walker's simulator on a GPU, with torch tensors on the device as inputs and outputs, and
whole episodes on the device.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..pose import pose
from ..simulator import WalkerState, realised
from .compiler import simulated
from .walkers import DeviceWalkers

if TYPE_CHECKING:
    from ..body import Body
    from ..simulator import Realise
    from ..track import Track

SLICE = 50  # steps after which the host lists the walkers still running
# of observations [n, 24] and memory [n, h]: actions [n, 4]
Act = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class CudaSimulator:
    """Simulator (poet.interfaces); rows that have ended keep their state.

    realise: track and body of a row's task for (row, seed); needed by `redraw`. bodies: the body of
    each row; None: Gymnasium's for all.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        horizon: int | np.ndarray,
        device: str,
        realise: Realise | None = None,
        bodies: Sequence[Body] | None = None,
    ) -> None:
        self.tracks = list(tracks)
        self.walkers = DeviceWalkers(tracks, device, horizon, bodies=bodies)
        self._realise = realise
        self.steps = 0
        self._begun = False
        # steps between reads of the device, and steps since this number was set
        self._window, self._age = 1, 0
        self._stepped = torch.zeros((), dtype=torch.int64, device=self.walkers.device)

    @property
    def success(self) -> torch.Tensor:
        return self.walkers.finished & self.walkers.terminated

    def reset(self) -> torch.Tensor:
        self._begun = True
        self.walkers.reset(torch.ones_like(self.walkers.live))
        return self.walkers.observations.clone()

    def restart(self, rows: torch.Tensor, count: int | torch.Tensor = 1) -> torch.Tensor:
        """Start the next episode of the rows in the mask [n] bool on the same terrain; `count` has
        no effect.
        """
        rows = rows.to(self.walkers.live.device)
        if self._window == 1:
            self.walkers.reset(rows)
        else:
            self.walkers.restart(rows)
        return self.walkers.observations.clone()

    def defer(self, steps: int) -> None:
        """Read the device once in `steps` steps; see poet.interfaces."""
        if steps < 1:
            raise ValueError(f"the steps between reads must be at least 1, got {steps}")
        self._window, self._age = steps, 0

    def redraw(self, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        """Start the rows of the mask [n] bool on new realisations of their tasks; see
        poet.interfaces. The terrain stays if the task has a seed of its own.
        """
        for row, drawn in realised(self._realise, rows, seeds):
            self.tracks[row] = drawn.track
            self.walkers.place(row, drawn.track, drawn.body)
        self.walkers.upload()
        return self.restart(rows)

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        w = self.walkers
        if not self._begun:
            raise ValueError("walker 0 was never reset; call reset() first")
        if self._window == 1:
            w.list_live()
        w.take(actions.detach())
        w.reward.zero_()
        self._stepped += w.live.sum()
        w.advance()
        self._age += 1
        if self._age % self._window == 0:
            self._read()
        return w.observations.clone(), w.reward.clone(), w.terminated.clone(), w.truncated.clone()

    def _read(self) -> None:
        """Count the steps of running walkers, and raise the error of the first with a fault."""
        self.steps += int(self._stepped)
        self._stepped.zero_()
        self.walkers.raise_faults()
        if self._window > 1:
            self.walkers.list_live()

    def play_captured(
        self, act: Act, memory: torch.Tensor, capture: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """See poet.interfaces, `Simulator.play_captured`. capture: False launches every step from
        the host, for timing.
        """
        w = self.walkers
        self.reset()

        def advance() -> None:
            w.take(act(w.observations, memory))
            w.advance()

        repeat = advance
        if capture and not simulated():
            begin = memory.clone()
            repeat = _captured(advance, lambda: act(w.observations, memory), w.device)
            memory.copy_(begin)
        while w.threads:
            for _ in range(SLICE):
                repeat()
            w.raise_faults()
            w.list_live()
        self.steps += int(w.ages.sum())
        return w.returns.cpu().numpy().copy(), w.ages.cpu().numpy().copy()

    def state(self, row: int) -> WalkerState:
        return WalkerState(self.tracks[row], pose(self.walkers.f[row].cpu().numpy()))


def _captured(
    advance: Callable[[], None], act: Callable[[], torch.Tensor], device: torch.device
) -> Callable[[], None]:
    """A step as one CUDA graph, replayed with a single launch. Requires that the kernels have run,
    in reset().
    """
    with torch.cuda.device(device):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        # the initialisation of torch's libraries at first use cannot be captured
        with torch.cuda.stream(side):
            act()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            advance()
    return graph.replay
