"""Replays: an evaluation repeated on a family whose simulators record every step, for any family
and any learner.

Nothing is stored for replays: task, weights and key determine the evaluation, frame by frame and to
the last bit of the score. Recording takes place between the learner and the simulator, so the
replay shows the episodes that were scored.
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

# rows of a simulator that are recorded; a meta-learner can simulate thousands at once
ROWS_KEPT = 8
# duration of a step [s] if the family's spec has no `dt`; the walker's is the same
DT = 1 / 50


@dataclass(frozen=True)
class Take:
    """One simulated episode, from a reset to its end or to the learner's last step."""

    task: Task
    seed: int
    frames: tuple[Any, ...]  # [steps + 1] states, the first after the reset
    rewards: np.ndarray  # [steps] float64
    terminated: bool
    truncated: bool
    success: bool

    @property
    def returns(self) -> np.ndarray:
        """Cumulative reward at each frame, [steps + 1] float64."""
        return np.concatenate([[0.0], np.cumsum(self.rewards)])


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
    # number of episodes of the evaluation; more than the takes if rows were not recorded
    simulated: int = 1
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


class _OpenTake:
    """A take during its simulation."""

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
    """A simulator that records every step of its first rows.

    It has only the methods of the interface, so that learners use `step` instead of faster
    alternatives.
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
        self._rows: list[_OpenTake] = []

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
        self._rows = [self._open(row) for row in range(min(len(self._tasks), ROWS_KEPT))]
        self._family.open_takes += self._rows
        self._family.simulated += len(self._tasks)
        return observations

    def _open(self, row: int) -> _OpenTake:
        return _OpenTake(self._tasks[row], self._seeds[row], self._simulator.state(row))

    def restart(self, rows: torch.Tensor, count: int | torch.Tensor = 1) -> torch.Tensor:
        """Start another episode of these rows, which is another take."""
        observations = self._simulator.restart(rows, count)
        for row in np.flatnonzero(rows[: len(self._rows)].cpu().numpy()):
            self._rows[row] = self._open(int(row))
            self._family.open_takes.append(self._rows[row])
        self._family.simulated += int(rows.sum())
        return observations

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        observations, rewards, terminated, truncated = self._simulator.step(actions)
        for row, take in enumerate(self._rows):
            if take.terminated or take.truncated:
                continue
            reward = float(rewards[row])
            if not math.isfinite(reward):
                raise ValueError(
                    f"the reward of step {len(take.rewards) + 1} is {reward}, "
                    "expected a finite number"
                )
            take.frames.append(self._simulator.state(row))
            take.rewards.append(reward)
            take.terminated, take.truncated = bool(terminated[row]), bool(truncated[row])
            take.success = bool(self._simulator.success[row])
        return observations, rewards, terminated, truncated


class RecordingFamily:
    """A wrapper of a family whose simulators are recorded."""

    def __init__(self, family: TaskFamily) -> None:
        self._family = family
        self.open_takes: list[_OpenTake] = []
        self.simulated = 0  # episodes, including those not recorded

    def __getattr__(self, name: str) -> Any:
        return getattr(self._family, name)

    def simulator(
        self, tasks: Sequence[Task], seeds: Sequence[int], device: str
    ) -> RecordingSimulator:
        return RecordingSimulator(self._family.simulator(tasks, seeds, device), tasks, seeds, self)

    def takes(self) -> tuple[Take, ...]:
        """All episodes recorded so far, in order of simulation."""
        return tuple(take.take() for take in self.open_takes)


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
    recording.open_takes.clear()
    recording.simulated = 0
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
        simulated=recording.simulated,
        title=title,
        labels=dict(labels or {}),
        picture_of=getattr(family, "picture", None),
        hidden_of=getattr(family, "hidden", None),
    )
