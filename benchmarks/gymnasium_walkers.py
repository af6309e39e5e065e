"""Gymnasium's BipedalWalker-v3 and BipedalWalkerHardcore-v3 as a task family: every episode has a
ground of its own, drawn by Gymnasium's rules from the episode's seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from openpoet.envs.walker.batch import WalkerBatch
from openpoet.envs.walker.family import WalkerSpec
from openpoet.envs.walker.ground import usual_horizon
from openpoet.envs.walker.gymnasium_layout import track
from openpoet.envs.walker.simulator import CompiledWalkers
from openpoet.envs.walker.track import Track


class GymnasiumWalkers:
    """The parts of a TaskFamily that learners use. A task is None: the ground depends on the seed.

    hardcore: whether the ground is that of BipedalWalkerHardcore-v3.
    """

    def __init__(self, hardcore: bool) -> None:
        self.hardcore = hardcore
        self.spec = WalkerSpec(usual_horizon(hardcore), 300.0, deterministic=False)

    def ground(self, seed: int) -> Track:
        return track(np.random.default_rng(seed), self.hardcore)

    def simulator(self, tasks: Sequence[None], seeds: Sequence[int], device: str) -> Any:
        tracks = [self.ground(seed) for seed in seeds]
        return _Walkers(WalkerBatch(tracks, threads=1), tracks, self.spec.horizon, device).on(self)


class _Walkers(CompiledWalkers):
    family: GymnasiumWalkers

    def on(self, family: GymnasiumWalkers) -> _Walkers:
        self.family = family
        return self

    def redraw(self, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        """See poet.interfaces, `Simulator.redraw`."""
        for row, seed in zip(np.flatnonzero(rows.numpy()), seeds, strict=True):
            self.tracks[row] = self.family.ground(seed)
            self.walkers.place(row, self.tracks[row])
        return self.restart(rows)
