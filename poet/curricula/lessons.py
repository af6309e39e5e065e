"""A curriculum's calls of the learner: levels in, the outcome of each level out.

Every answer is checked where it arrives, as in evaluation.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..interfaces import Agent, Task
from ..streams import Key
from ..unchanged import unchanged
from .interfaces import Episodes, Student

if TYPE_CHECKING:
    from ..config import Setup


@dataclass(frozen=True)
class Outcome:
    """What came of a level's whole episodes in one rollout.

    regret: positive value loss of the last episode, which overwrites earlier ones. value_loss: mean
    of |A|. returns: mean return. success: share of successful episodes. episodes: their number.
    """

    regret: float
    value_loss: float
    returns: float
    success: float
    episodes: int

    def solves(self, solved_score: float) -> bool:
        """Whether a level with this outcome is solved, by the rule of interfaces.Spec."""
        return bool(reached(self.returns, self.success > 0.5, solved_score))


def reached(returns: Any, success: Any, solved_score: float) -> Any:
    """The rule of interfaces.Spec, for one episode or many: the simulator's success alone is not
    enough, since it is always true in tasks without a goal.
    """
    return (returns >= solved_score) & success


@dataclass(frozen=True)
class Lesson:
    """One rollout of the student. outcomes: by place of the level in the order in which rows took
    levels; a level without a whole episode has none.
    """

    agent: Agent
    outcomes: Mapping[int, Outcome]
    episodes: Episodes

    def solved(self, solved_score: float) -> dict[int, float]:
        """The share of solved episodes of each level that has an outcome, by its place."""
        own = reached(self.episodes.returns, self.episodes.success, solved_score)
        return {place: float(own[self.episodes.levels == place].mean()) for place in self.outcomes}


# (setup, agent, levels, further levels or None, key) -> lesson
Teach = Callable[["Setup", Agent, Sequence[Task], Iterator[Task] | None, Key], Lesson]


def trained(
    setup: Setup, agent: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
) -> Lesson:
    """The student after an update on the levels; see interfaces.Student."""
    return _lesson(student_of(setup).train_on, agent, levels, further, key)


def tried(
    setup: Setup, agent: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
) -> Lesson:
    """The same rollout without an update."""
    return _lesson(student_of(setup).try_on, agent, levels, further, key)


def student_of(setup: Setup) -> Student:
    """The learner of a curriculum. ValueError if it cannot train on levels."""
    learner: Any = setup.learner
    if not hasattr(learner, "train_on"):
        raise ValueError(
            "this learner cannot train one agent on a list of levels (no method `train_on`), which "
            "a curriculum needs: take ppo"
        )
    student: Student = learner
    return student


def _lesson(method: Any, agent: Agent, levels: Sequence[Task], further: Any, key: Key) -> Lesson:
    with unchanged([agent], "a student's method"):
        after, episodes, _ = method(agent, levels, further, key)
    _check(episodes)
    return Lesson(after, outcomes(episodes, episodes.levels), episodes)


def outcomes(episodes: Episodes, levels: np.ndarray) -> dict[int, Outcome]:
    """The outcome of every level. levels: [k], that of each episode; a level may occur in several
    rows.
    """
    found = {}
    for level in dict.fromkeys(levels.tolist()):
        own = levels == level
        found[level] = Outcome(
            float(episodes.positive_value_losses[own][-1]),
            float(episodes.value_losses[own].mean()),
            float(episodes.returns[own].mean()),
            float(episodes.success[own].mean()),
            int(own.sum()),
        )
    return found


def _check(episodes: Episodes) -> None:
    _check_levels(episodes.levels)
    _check_kind("success", episodes.success, "b", "bool")
    for name in ("success", "returns", "positive_value_losses", "value_losses"):
        values = getattr(episodes, name)
        if np.shape(values) != np.shape(episodes.levels):
            raise ValueError(
                f"the {name} of a rollout must have one entry an episode, "
                f"{list(np.shape(episodes.levels))}, got {list(np.shape(values))}"
            )
        if not np.isfinite(values).all():
            raise ValueError(f"the {name} of a rollout must be finite, got NaN or infinity")


def _check_levels(levels: Any) -> None:
    _check_kind("levels", levels, "iu", "integers")
    if levels.ndim != 1:
        raise ValueError(f"the levels of a rollout must be [episodes], got {list(levels.shape)}")
    if (levels < 0).any():  # it would count from the end
        raise ValueError(f"the levels of a rollout must be places from 0, got {levels.min()}")


def _check_kind(name: str, values: Any, kinds: str, words: str) -> None:
    """ValueError unless it is an array of one of these kinds of dtype."""
    if not isinstance(values, np.ndarray) or values.dtype.kind not in kinds:
        found = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
        raise ValueError(f"the {name} of a rollout must be an array of {words}, got {found}")
