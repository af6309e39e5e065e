"""A replay: one evaluation run again on a family that takes notes, so that it works for any family
and any learner.

Nothing is stored for replays: task, weights and key give the same evaluation again, frame by frame
and to the last bit of the score. The notes are taken between the learner and the simulator, so what
is shown is what was scored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch
    from openpoet.poet.interfaces import Agent, Learner, Simulator, Task, TaskFamily
    from openpoet.poet.streams import Key

Outline = Mapping[str, list[np.ndarray]]  # layers of polylines [points, 2] [m]
Picture = Callable[[Any, Any], np.ndarray | None]  # of a task and a state: [height, width, 3] uint8

# rows of one simulator whose frames are kept; a meta-learner may simulate thousands side by side
ROWS_KEPT = 8
# [s] a step, where the family's spec has no `dt`: Box2D's walker and most others run at 50 Hz
DT = 1 / 50


@dataclass(frozen=True)
class Take:
    """One simulated episode, from a reset to its end or to where the learner left it."""

    task: Task
    seed: int
    frames: tuple[Any, ...]  # [steps + 1] states; frame 0 is the one after the reset
    rewards: np.ndarray  # [steps] float64
    terminated: bool
    truncated: bool
    success: bool

    @property
    def returns(self) -> np.ndarray:
        """Return so far at each frame, [steps + 1] float64."""
        return np.concatenate([[0.0], np.cumsum(self.rewards)])


@dataclass(frozen=True)
class Episode:
    """What an agent did in a task while the learner evaluated it, and the score the learner gave it
    for that.

    Most learners simulate one episode, so one take; one that adapts, or averages, leaves several,
    in their order.
    """

    task: Task
    takes: tuple[Take, ...]  # at least one
    score: float  # as `Learner.evaluate` returned it
    solved: bool
    # the family's; called when a frame is drawn: memory stays small
    outline_of: Callable[[Task, Any], Outline]
    dt: float = DT  # [s] a step
    # episodes the evaluation simulated; more than the takes where rows were left out (ROWS_KEPT)
    simulated: int = 1
    title: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)  # shown in this order: {"niche": "12"}
    picture_of: Picture | None = None  # the family's `picture`, drawn in place of the outline

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

    def picture(self, take: int, frame: int) -> np.ndarray | None:
        """The pixels of one frame, [height, width, 3] uint8; None: draw its outline."""
        if self.picture_of is None:
            return None
        return self.picture_of(self.takes[take].task, self.takes[take].frames[frame])


class _Notes:
    """A take while it is being simulated."""

    def __init__(self, task: Task, seed: int, first: Any) -> None:
        self.task, self.seed = task, seed
        self.frames = [first]
        self.rewards: list[float] = []
        self.terminated = self.truncated = self.success = False

    def take(self) -> Take:
        rewards = np.array(self.rewards, dtype=np.float64)
        return Take(
            self.task,
            self.seed,
            tuple(self.frames),
            rewards,
            self.terminated,
            self.truncated,
            self.success,
        )


class RecordingSimulator:
    """A simulator that notes every step of its first rows.

    It offers the interface and nothing else of the real one, so a learner that knows a way past
    `step` meets `step`.
    """

    def __init__(
        self,
        simulator: Simulator,
        tasks: Sequence[Task],
        seeds: Sequence[int],
        family: RecordingFamily,
    ) -> None:
        self._simulator, self._family = simulator, family
        self._tasks, self._seeds = list(tasks), list(seeds)
        self._rows: list[_Notes] = []

    @property
    def steps(self) -> int:
        return self._simulator.steps

    @property
    def success(self) -> torch.Tensor:
        return self._simulator.success

    def state(self, row: int) -> Any:
        return self._simulator.state(row)

    def reset(self) -> torch.Tensor:
        observations = self._simulator.reset()
        kept = range(min(len(self._tasks), ROWS_KEPT))
        self._rows = [
            _Notes(self._tasks[row], self._seeds[row], self._simulator.state(row)) for row in kept
        ]
        self._family.notes += self._rows
        self._family.simulated += len(self._tasks)
        return observations

    def restart(self, rows: torch.Tensor, count: int | torch.Tensor = 1) -> torch.Tensor:
        """Another episode of a row is another take."""
        observations = self._simulator.restart(rows, count)
        for row in np.flatnonzero(rows[: len(self._rows)].cpu().numpy()):
            self._rows[row] = _Notes(
                self._tasks[row], self._seeds[row], self._simulator.state(int(row))
            )
            self._family.notes.append(self._rows[row])
        self._family.simulated += int(rows.sum())
        return observations

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        observations, rewards, terminated, truncated = self._simulator.step(actions)
        for row, notes in enumerate(self._rows):
            if notes.terminated or notes.truncated:
                continue
            reward = float(rewards[row])
            if not math.isfinite(reward):
                raise ValueError(
                    f"the reward of step {len(notes.rewards) + 1} is {reward}, "
                    "expected a finite number"
                )
            notes.frames.append(self._simulator.state(row))
            notes.rewards.append(reward)
            notes.terminated, notes.truncated = bool(terminated[row]), bool(truncated[row])
            notes.success = bool(self._simulator.success[row])
        return observations, rewards, terminated, truncated


class RecordingFamily:
    """Stands in for a family: passes everything on, and notes what its simulators do."""

    def __init__(self, family: TaskFamily) -> None:
        self._family = family
        self.notes: list[_Notes] = []
        self.simulated = 0  # episodes, those without notes too

    def __getattr__(self, name: str) -> Any:
        return getattr(self._family, name)

    def simulator(
        self, tasks: Sequence[Task], seeds: Sequence[int], device: str
    ) -> RecordingSimulator:
        return RecordingSimulator(self._family.simulator(tasks, seeds, device), tasks, seeds, self)

    def takes(self) -> tuple[Take, ...]:
        """All episodes noted so far, in order of simulation."""
        return tuple(notes.take() for notes in self.notes)


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
    """The evaluation of `agent` in `task` under `key`, made again with notes taken.

    make_learner: builds the learner on the family it is given. With the key under which the
    archive's score was found, `score` is that very score.
    ValueError if a reward or the score is not finite, or if the learner evaluates without the
    family's simulator.
    """
    recording = RecordingFamily(family)
    learner = make_learner(recording)
    # what the learner may have tried while it was built is no part of the evaluation
    recording.notes.clear()
    recording.simulated = 0
    scores, solved, *_ = learner.evaluate([agent], [task], [key])
    score, takes = float(scores[0]), recording.takes()
    if not math.isfinite(score):
        raise ValueError(f"the learner scored this agent {score}, expected a finite number")
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
        simulated=recording.simulated,
        title=title,
        labels=dict(labels or {}),
        picture_of=getattr(family, "picture", None),
    )
