"""The recorder of replays: a family whose simulators record every step, for any learner.

Recording takes place between the learner and the simulator, so a replay shows the episodes that
were scored.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

    from openpoet.poet.interfaces import Simulator, Task, TaskFamily

# rows of a simulator that are recorded; a meta-learner can simulate thousands at once. If the first
# trial has more rows than that, its last one is recorded, too.
ROWS_KEPT = 8


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
    # A trial is a sequence of episodes on the same draw of the task.
    trial: int = 0  # its number in the evaluation, from 0
    episode: int = 0  # number of the episode in its trial, from 0
    agent: str = ""  # a name of its agent, where takes of several are shown together

    @property
    def returns(self) -> np.ndarray:
        """Cumulative reward at each frame, [steps + 1] float64."""
        return np.concatenate([[0.0], np.cumsum(self.rewards)])


class _OpenTake:
    """A take during its simulation."""

    def __init__(self, task: Task, seed: int, first: Any, *, trial: int, episode: int) -> None:
        self.task, self.seed, self.trial, self.episode = task, seed, trial, episode
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
            self.trial,
            self.episode,
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
        self._rows: dict[int, _OpenTake] = {}
        self._trials = _trials(self._tasks, self._seeds)  # [n] of the rows, from 0
        self._first = 0  # the number of the simulator's first trial in the evaluation
        self._episodes = np.zeros(len(self._tasks), np.int64)  # [n], in the trial, from 0

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
        self._first = self._family.trials
        self._family.trials += int(self._trials.max(initial=-1)) + 1
        self._episodes[:] = 0
        last = np.flatnonzero(self._trials == 0)[-1:].tolist()
        kept = sorted({*range(min(len(self._tasks), ROWS_KEPT)), *last})
        self._rows = {row: self._open(row) for row in kept}
        self._family.open_takes += self._rows.values()
        return observations

    def _open(self, row: int) -> _OpenTake:
        return _OpenTake(
            self._tasks[row],
            self._seeds[row],
            self._simulator.state(row),
            trial=self._first + int(self._trials[row]),
            episode=int(self._episodes[row]),
        )

    def restart(self, rows: torch.Tensor, count: int | torch.Tensor = 1) -> torch.Tensor:
        """Start another episode of these rows, which is another take; it replaces a take without
        steps.
        """
        number = count if isinstance(count, int) else count.cpu().numpy()
        if isinstance(count, int) and count == 1:
            # a simulator whose restart takes no `count` is enough
            observations = self._simulator.restart(rows)
        else:
            observations = self._simulator.restart(rows, count)
        chosen = rows.cpu().numpy()
        self._episodes += chosen * number
        self._family.per_trial = max(self._family.per_trial, int(self._episodes.max()) + 1)
        takes = self._family.open_takes
        for row, before in self._rows.items():
            if not chosen[row]:
                continue
            self._rows[row] = self._open(row)
            if before.rewards:
                takes.append(self._rows[row])
            else:
                takes[takes.index(before)] = self._rows[row]
        return observations

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        observations, rewards, terminated, truncated = self._simulator.step(actions)
        for row, take in self._rows.items():
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
        self.forget()

    def forget(self) -> None:
        """Drop everything recorded so far."""
        self.open_takes: list[_OpenTake] = []
        # of the evaluation, including rows that are not recorded
        self.trials = 0
        self.per_trial = 1  # episodes of the longest trial

    def __getattr__(self, name: str) -> Any:
        return getattr(self._family, name)

    def simulator(
        self, tasks: Sequence[Task], seeds: Sequence[int], device: str
    ) -> RecordingSimulator:
        return RecordingSimulator(self._family.simulator(tasks, seeds, device), tasks, seeds, self)

    def takes(self) -> tuple[Take, ...]:
        """All episodes recorded so far, in order of simulation."""
        return tuple(take.take() for take in self.open_takes)


def _trials(tasks: Sequence[Task], seeds: Sequence[int]) -> np.ndarray:
    """Number of each row's trial, [n] int64: rows of the same task and seed are of one trial."""
    numbers: dict[tuple[int, int], int] = {}
    # tasks need not be hashable
    pairs = [(id(task), int(seed)) for task, seed in zip(tasks, seeds, strict=True)]
    return np.array([numbers.setdefault(pair, len(numbers)) for pair in pairs], np.int64)
