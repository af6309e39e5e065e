"""The ledger: environment steps by purpose, counted in the calls of the learner.

It wraps the learner, so every step that the engine causes is counted. The purpose of a step is that
of its key: the words in the name of the stream of random numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from openpoet.poet.interfaces import Agent, Learner, Task
    from openpoet.poet.streams import Key


class Ledger:
    """A learner whose steps are counted; all other attributes are those of the learner."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.purpose = ""  # of what runs now, or ran last
        self.steps = 0  # since this object was made
        self.undrained = Counter[str]()

    def improve(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[list[Agent], np.ndarray]:
        self._note(keys)
        improved, steps = self.learner.improve(agents, tasks, keys)
        self._count(keys, steps)
        return improved, steps

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[np.ndarray, ...]:
        self._note(keys)
        answer = self.learner.evaluate(agents, tasks, keys)
        self._count(keys, answer[2])
        return answer

    def drain(self) -> dict[str, int]:
        """Steps by purpose since the last call."""
        drained, self.undrained = self.undrained, Counter[str]()
        return dict(sorted(drained.items()))

    def _note(self, keys: Sequence[Key]) -> None:
        # A batch may have several purposes; the progress display shows the first.
        if len(keys):
            self.purpose = keys[0].purpose

    def _count(self, keys: Sequence[Key], steps: Iterable[int]) -> None:
        for key, cost in zip(keys, steps, strict=True):
            if cost < 0:
                raise ValueError(
                    f"a learner's steps must be 0 or more, got {cost} for {key.purpose!r}"
                )
            self.undrained[key.purpose] += int(cost)
            self.steps += int(cost)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.learner, name)
        # the others, such as init, adopt, inherit and foreign, cost no steps
        return self._counted(found) if name in ("train_on", "try_on") else found

    def _counted(self, on_levels: Callable[..., Any]) -> Callable[..., Any]:
        """A method of a student (poet.curricula.interfaces.Student), with its steps counted."""

        def counting(agent: Agent, levels: Any, further: Any, key: Key) -> Any:
            self._note([key])
            answer = on_levels(agent, levels, further, key)
            self._count([key], [answer[2]])
            return answer

        return counting
