"""The work of a learner as records: a trial is one agent in one task, a result is what came of it.

The engine passes these records around; evaluation.py alone turns them into the arrays that a
learner takes and returns (interfaces.Learner).
"""

from __future__ import annotations

from dataclasses import dataclass

from .interfaces import Agent, Task
from .streams import Key


@dataclass(frozen=True)
class Trial:
    """One agent to be evaluated in one task, or to be improved there by one step."""

    agent: Agent
    task: Task
    key: Key  # the stream of random numbers; its purpose is where the ledger adds the steps


@dataclass(frozen=True)
class Result:
    """The result of evaluating one trial."""

    score: float  # after adaptation, in the family's units
    solved: bool
    before: float | None  # the score before adaptation; None if agents do not adapt
    steps: int  # environment steps


@dataclass(frozen=True)
class Improved:
    """The result of one optimisation step on one trial."""

    agent: Agent
    steps: int  # environment steps
