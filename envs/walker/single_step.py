"""One step of a batch of one walker with few Python operations, which otherwise take longer than
the step without its solver.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .batch import WalkerBatch
from .physics import state as at
from .sizes import ACTIONS

PX, VX = int(at.PX), int(at.VX)


class SingleStep:
    """Steps of a batch of one walker; results are those of WalkerBatch.step, bit for bit."""

    def __init__(self, batch: WalkerBatch) -> None:
        self.batch = batch
        self._rows = np.zeros(1, np.int64)
        # views of the batch's arrays
        self._action = None if batch._step_rows is None else batch._step_rows.actions[0]
        self._observation, self._reward = batch._obs[0], batch._reward
        self._terminated, self._floats = batch._terminated, batch.floats

    def __reduce__(self) -> tuple[Any, tuple[WalkerBatch]]:
        return SingleStep, (self.batch,)  # views are made anew

    def __call__(self, action: np.ndarray) -> tuple[np.ndarray, float, bool]:
        """One step under an action [4]: observation [24] float32, reward, terminated."""
        batch, call = self.batch, self.batch._step_rows
        given = np.asarray(action)
        if call is None or given.dtype != np.float32 or given.shape != (ACTIONS,):
            observations, rewards, terminated = batch.step(given[None])
            return observations[0], float(rewards[0]), bool(terminated[0])
        self._action[:] = given  # type: ignore[index]
        if not call.one(batch, self._rows):
            batch.raise_faults(self._rows, given[None])
        batch.steps += 1
        return self._observation.copy(), self._reward.item(0), self._terminated.item(0)

    def motion(self) -> tuple[float, float]:
        """Position [m] and velocity [m/s] of the hull along x; see pose.motion."""
        return self._floats.item(PX), self._floats.item(VX)
