"""Replays: an evaluation repeated on a family whose simulators record every step, for any family
and any learner.

Nothing is stored for replays: task, weights and key determine the evaluation, frame by frame and to
the last bit of the score.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .recorder import RecordingFamily, Take

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Learner, Task, TaskFamily
    from openpoet.poet.streams import Key

Outline = Mapping[str, list[np.ndarray]]  # layers of polylines [points, 2] [m]
Picture = Callable[[Any, Any], np.ndarray | None]  # of a task and a state: [height, width, 3] uint8

# duration of a step [s] if the family's spec has no `dt`; the walker's is the same
DT = 1 / 50


@dataclass(frozen=True)
class Episode:
    """The recorded evaluation of an agent in a task, and its score.

    Most learners simulate one episode, which gives one take; a learner that adapts or averages
    gives several, in order.
    """

    task: Task
    takes: tuple[Take, ...]  # at least one
    score: float  # as `Learner.evaluate` returned it
    solved: bool
    # the family's `outline`, called when a frame is drawn to save memory
    outline_of: Callable[[Task, Any], Outline]
    dt: float = DT  # [s] a step
    # draws of the task in the evaluation, and episodes of each; their product is above the number
    # of takes if rows were not recorded
    trials: int = 1
    per_trial: int = 1
    title: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)  # shown in order, e.g. {"niche": "12"}
    picture_of: Picture | None = None  # the family's `picture`, drawn instead of the outline
    hidden_of: Callable[[Task, int], str] | None = None  # the family's `hidden`

    @property
    def frames(self) -> tuple[Any, ...]:
        """States of the first take, [steps + 1]."""
        return self.takes[0].frames

    @property
    def rewards(self) -> np.ndarray:
        """Rewards of the first take, [steps] float64."""
        return self.takes[0].rewards

    def outline(self, take: int, frame: int) -> Outline:
        """All layers of one frame."""
        return self.outline_of(self.takes[take].task, self.takes[take].frames[frame])

    def hidden(self, take: int) -> list[str]:
        """What was hidden from the agent in this take, in short phrases."""
        if self.hidden_of is None:
            return []
        words = self.hidden_of(self.takes[take].task, self.takes[take].seed)
        return words.split(", ") if words else []

    def picture(self, take: int, frame: int) -> np.ndarray | None:
        """The pixels of one frame, [height, width, 3] uint8; None if it has only an outline."""
        if self.picture_of is None:
            return None
        return self.picture_of(self.takes[take].task, self.takes[take].frames[frame])


def record_episode(
    make_learner: Callable[[Any], Learner],
    family: TaskFamily,
    agent: Agent,
    task: Task,
    key: Key,
    *,
    title: str = "",
    labels: Mapping[str, str] | None = None,
) -> Episode:
    """Repeat and record the evaluation of `agent` in `task` under `key`.

    make_learner: function of a family that returns the learner. With the key of an archived score,
    `score` equals that score.
    ValueError if a reward or the score is not finite, or if the learner evaluates without the
    family's simulator.
    """
    recording = RecordingFamily(family)
    learner = make_learner(recording)
    # episodes simulated in the learner's constructor are not part of the evaluation
    recording.forget()
    scores, solved, *_ = learner.evaluate([agent], [task], [key])
    score, takes = float(scores[0]), recording.takes()
    if not math.isfinite(score):
        raise ValueError(f"the learner's score of this agent is {score}, expected a finite number")
    if not takes:
        raise ValueError(
            "nothing to replay: the learner evaluated without calling family.simulator(...).reset()"
        )
    dt = float(getattr(family.spec, "dt", DT))
    return Episode(
        task,
        takes,
        score,
        bool(solved[0]),
        family.outline,
        dt,
        trials=recording.trials,
        per_trial=recording.per_trial,
        title=title,
        labels=dict(labels or {}),
        picture_of=getattr(family, "picture", None),
        hidden_of=getattr(family, "hidden", None),
    )
