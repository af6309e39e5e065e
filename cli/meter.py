"""The simulators' own count of steps: a family that counts for it, whatever the learner says it has
spent.

It stands in for the family, so that every simulator made through it adds to one number as it runs.
The ledger adds up what the learner reports; at the end of an iteration both must agree, or steps
went uncounted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from openpoet.poet.interfaces import Simulator, Task, TaskFamily


class Meter:
    """A task family whose simulators are counted; everything else is the family's own."""

    def __init__(self, family: TaskFamily) -> None:
        self.family = family
        self.steps = 0  # since this object was made
        self.rows = 0  # episodes in the batch that runs now

    def simulator(self, tasks: Sequence[Task], seeds: Sequence[int], device: str) -> Simulator:
        return _Metered(self.family.simulator(tasks, seeds, device), self, len(tasks))

    def add_steps(self, steps: int) -> None:
        """Count steps that a copy of this object, in another process, has seen its simulators
        run.
        """
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
