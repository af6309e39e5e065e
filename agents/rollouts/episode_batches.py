"""Batches of episodes side by side on each trial's draw of the task, one batch after another,
between updates of an agent.

For learners that adapt by gradient; trials.py is for those that adapt by memory. Row (trial, j) of
batch b is episode b x per_trial + j of that trial.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..parts.scoring import Outcomes

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Task, TaskFamily

# (observations [n, o], step) -> actions [n, a]
ActFunction = Callable[[torch.Tensor, int], torch.Tensor]


@dataclass(frozen=True)
class Batch:
    """n = trials x per_trial episodes of at most t steps; a trial's rows are adjacent."""

    observations: torch.Tensor  # [t, n, o] float32, before each action
    actions: torch.Tensor  # [t, n, a]
    rewards: torch.Tensor  # [t, n] float32
    alive: torch.Tensor  # [t, n] bool: the episode has not ended before this step
    returns: torch.Tensor  # [n] float64
    success: torch.Tensor  # [n] bool, the simulator's at the end
    after: torch.Tensor  # [t, n, o] float32, after each action
    terminated: torch.Tensor  # [t, n] bool: the episode has terminated; truncation does not count

    @property
    def truncated(self) -> torch.Tensor:
        """[n] bool: the episodes that did not terminate."""
        return ~(self.terminated & self.alive).any(0)

    def discounted(self, gamma: float, beyond: torch.Tensor | None = None) -> torch.Tensor:
        """Return to go: the discounted sum of rewards from each step on, [t, n]; 0 after the end.

        beyond: [n], value of the last observation, from which truncated episodes are bootstrapped.
        """
        later, sums = torch.zeros_like(self.rewards[0]), torch.zeros_like(self.rewards)
        for t in reversed(range(len(self.rewards))):
            later = self.rewards[t] + gamma * later
            sums[t] = later
        if beyond is not None:
            left = self.alive.flip(0).cumsum(0).flip(0)  # steps to the end, including this one
            sums = sums + gamma**left * torch.where(self.truncated, beyond, 0.0)
        return sums * self.alive

    def advantages(self, gamma: float, num_trials: int) -> torch.Tensor:
        """Returns to go, normalised at each step over the episodes of a trial, [t, n]."""
        return normalised(*self._by_trial(gamma, num_trials)).reshape(self.rewards.shape)

    def centred_advantages(self, gamma: float, num_trials: int) -> torch.Tensor:
        """Returns to go less their mean at each step over the episodes of a trial, [t, n]."""
        return centred(*self._by_trial(gamma, num_trials)).reshape(self.rewards.shape)

    def _by_trial(self, gamma: float, num_trials: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns to go, and `alive`, [t, trials, per_trial]."""
        shape = (len(self.rewards), num_trials, -1)
        return self.discounted(gamma).reshape(shape), self.alive.reshape(shape)

    def limited(self, most: float) -> Batch:
        """The batch with rewards clipped to +-most, and the same returns; 0: the batch itself.

        One large reward, of a fall, would otherwise hide the differences between all others.
        """
        return replace(self, rewards=limited(self.rewards, most)) if most else self

    def rows(self, rows: torch.Tensor) -> Batch:
        """These episodes of the batch, in this order."""
        parts = {f.name: getattr(self, f.name) for f in fields(self)}
        return Batch(
            **{
                name: part[rows] if part.dim() == 1 else part[:, rows]
                for name, part in parts.items()
            }
        )

    def labels(self, size: int) -> torch.Tensor:
        """The label of each step, [t, n, size], which ends the next observation (Spec.labels)."""
        return self.after[..., -size:]


class EpisodeBatches:
    """One trial for each seed, with `per_trial` episodes of each in a batch."""

    def __init__(
        self,
        family: TaskFamily,
        tasks: Sequence[Task],
        seeds: Sequence[int],
        per_trial: int,
        device: str,
    ) -> None:
        self.tasks, self.seeds = tasks, seeds
        self.n, self.per_trial, self.device = len(seeds), per_trial, device
        self.horizon = family.spec.horizon
        rows = [trial for trial in range(self.n) for _ in range(per_trial)]
        self.simulator = family.simulator(
            [tasks[trial] for trial in rows], [seeds[trial] for trial in rows], device
        )
        self.place = torch.arange(per_trial, device=device).repeat(self.n)
        self.begun = False

    @property
    def steps(self) -> int:
        return self.simulator.steps

    def play(self, act: ActFunction) -> Batch:
        """The next episodes. ValueError if an observation or reward is NaN or infinite."""
        seen, alive = (
            self._start(),
            torch.ones(self.n * self.per_trial, dtype=torch.bool, device=self.device),
        )
        columns: list[tuple[torch.Tensor, ...]] = []
        for t in range(self.horizon):
            action = act(seen, t)
            after, reward, terminated, truncated = self.simulator.step(action)
            if not bool(torch.isfinite(after).all() & torch.isfinite(reward).all()):
                raise ValueError(
                    f"an observation or reward is NaN or infinite at step {t} of an episode"
                )
            columns.append((seen, action, reward, alive, after, terminated))
            seen, alive = after, alive & ~(terminated | truncated)
            if not bool(alive.any()):
                break
        observations, actions, rewards, living, later, over = (
            torch.stack(part) for part in zip(*columns, strict=True)
        )
        success = self.simulator.success.clone()
        return Batch(
            observations, actions, rewards.float(), living, rewards.sum(0), success, later, over
        )

    def _start(self) -> torch.Tensor:
        """First observations [n, o] of each row's next episode, `per_trial` episodes later."""
        if not self.begun:
            self.begun, seen = True, self.simulator.reset()
            return (
                seen if self.per_trial == 1 else self.simulator.restart(self.place > 0, self.place)
            )
        every = torch.ones_like(self.place, dtype=torch.bool)
        if self.per_trial == 1:  # a simulator whose restart takes no `count` is enough
            return self.simulator.restart(every)
        return self.simulator.restart(every, self.per_trial)


def limited(rewards: torch.Tensor, most: float) -> torch.Tensor:
    """Rewards clipped to +-most; 0: unchanged."""
    return rewards.clamp(-most, most) if most else rewards


def by_trial(batches: Sequence[Batch], num_trials: int, steps: int) -> Outcomes:
    """Mean return and success of each trial's episodes, batch after batch, [trials, batches]."""

    def means(each: Sequence[torch.Tensor]) -> np.ndarray:
        each = [one.double().reshape(num_trials, -1).mean(1) for one in each]
        return torch.stack(each, 1).cpu().numpy()

    returns, success = ([batch.returns for batch in batches], [batch.success for batch in batches])
    return Outcomes(means(returns), means(success), steps)


def normalised(advantages: torch.Tensor, alive: torch.Tensor) -> torch.Tensor:
    """Advantages [..., rows] with mean 0 and standard deviation 1 over the alive rows."""
    count, around = alive.sum(-1, keepdim=True).clamp(min=1), centred(advantages, alive)
    deviation = ((around**2).sum(-1, keepdim=True) / count).sqrt()
    return around / (deviation + 1e-6)


def centred(advantages: torch.Tensor, alive: torch.Tensor) -> torch.Tensor:
    """Advantages [..., rows] with mean 0 over the alive rows; 0 elsewhere."""
    count = alive.sum(-1, keepdim=True).clamp(min=1)
    return (advantages - (advantages * alive).sum(-1, keepdim=True) / count) * alive


def flatten_trials(values: torch.Tensor, num_trials: int) -> torch.Tensor:
    """[t, trials x per_trial, k] -> [trials, per_trial x t, k], a trial's episodes in sequence."""
    return values.unflatten(1, (num_trials, -1)).permute(1, 2, 0, 3).flatten(1, 2)
