"""One step of a batch in which some rows begin an episode, as a step of Gymnasium's NEXT_STEP
autoreset.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .batch import WalkerBatch
from .faults import check_finite_actions, check_reset
from .sizes import actions_of

Stepped = tuple[np.ndarray, np.ndarray, np.ndarray]


def restart_step(
    batch: WalkerBatch, actions: np.ndarray, begin: np.ndarray, place: Callable[[], None]
) -> Stepped:
    """Step the rows outside the mask `begin` [n] bool, and reset those in it, whose actions have no
    effect: observations [n, 24] float32, rewards [n] float64, terminated [n] bool.

    Results equal those of batch.step and batch.reset, bit for bit; rows that begin have reward 0
    and terminated False. place: called before the reset to assign tracks and bodies (batch.place).
    """
    given = actions_of(actions, batch.n)
    call, rest = batch._step_rows, ~begin
    if call is None or given.dtype != np.float32:
        _, rewards, terminated = batch.step(given, rest)
        place()
        return batch.reset(begin), rewards, terminated & rest
    begun, others = np.flatnonzero(begin), np.flatnonzero(rest)
    call.actions[:] = given
    call.actions[begun] = 0.0  # as a reset's step
    check_finite_actions(call.actions, others)
    check_reset(batch._age, others)

    def start() -> None:
        place()
        batch.start(begun)

    rows = np.concatenate([begun, others])
    batch._reward[:] = 0.0
    fine = call.restarting(batch, rows, len(begun), start)
    batch._age[begun] = 0
    if not fine:
        batch.raise_faults(rows, call.actions)
    batch._reward[begun], batch._terminated[begun] = 0.0, False
    batch.steps += len(others)
    return batch._obs.copy(), batch._reward.copy(), batch._terminated.copy()
