"""An episode that goes on while it is shown: one row of a family's simulator.

The same realisation of a task as in a replay, if the seed is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Task, TaskFamily


class Live:
    """One episode of a task, from its reset.

    state: what the family's `outline` draws. returns: the reward so far. steps: taken so far.
    """

    def __init__(self, family: TaskFamily, task: Task, seed: int) -> None:
        self.task, self.seed, self.returns, self.steps = task, seed, 0.0, 0
        self.ended = self.success = False
        self._simulator = family.simulator([task], [seed], "cpu")
        self._simulator.reset()
        self.state: Any = self._simulator.state(0)

    def step(self, action: np.ndarray) -> None:
        """One step with an action [a] float32; without effect after the episode's end."""
        if self.ended:
            return
        actions = torch.from_numpy(action[None].astype(np.float32))
        _, rewards, terminated, truncated = self._simulator.step(actions)
        self.returns += float(rewards[0])
        self.steps += 1
        self.ended = bool(terminated[0] | truncated[0])
        self.success = self.ended and bool(self._simulator.success[0])
        self.state = self._simulator.state(0)
