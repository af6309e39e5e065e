"""The meter: environment steps as the simulators count them, independent of the learner's reports.

It wraps the family, so every simulator made through it adds its steps to one number. The ledger
adds up the steps that the learner reports; the two must agree at the end of each iteration,
otherwise steps were not reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from openpoet.poet.interfaces import Simulator, Task, TaskFamily


class Meter:
    """A task family whose simulators are counted; all other attributes are those of the family."""

    def __init__(self, family: TaskFamily) -> None:
        self.family = family
        self.steps = 0  # since this object was made
        self.rows = 0  # episodes in the batch that runs now

    def simulator(self, tasks: Sequence[Task], seeds: Sequence[int], device: str) -> Simulator:
        return _Metered(self.family.simulator(tasks, seeds, device), self, len(tasks))

    def add_steps(self, steps: int) -> None:
        """Count the steps of simulators made by a copy of this object in another process."""
        self.steps += steps

    def __reduce__(self) -> tuple[type[Meter], tuple[TaskFamily]]:
        return Meter, (self.family,)  # a copy counts for itself, from 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.family, name)


class _Metered:
    def __init__(self, simulator: Simulator, meter: Meter, rows: int) -> None:
        self.simulator, self.meter, self.size, self.counted = (
            simulator,
            meter,
            rows,
            simulator.steps,
        )

    def reset(self) -> torch.Tensor:
        self.meter.rows = self.size
        return self.simulator.reset()

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        answer = self.simulator.step(actions)
        self.meter.steps += self.simulator.steps - self.counted
        self.counted = self.simulator.steps
        return answer

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.simulator, name)
        return self._counted(found) if name in ("play", "play_captured") else found

    def _counted(self, play: Callable[..., Any]) -> Callable[..., Any]:
        """`play` or `play_captured`, whole episodes at once, with its steps counted at the end."""

        def counting(*arguments: Any) -> Any:
            self.meter.rows = self.size
            answer = play(*arguments)
            self.meter.steps += self.simulator.steps - self.counted
            self.counted = self.simulator.steps
            return answer

        return counting
