"""Batches of episodes side by side on each trial's draw of the task, one batch after another,
between updates of an agent.

For learners that adapt by gradient; trials.py is for those that adapt by memory. Row (trial, j) of
batch b is episode b x side + j of that trial, where `side` is the number of episodes side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
    """n = trials x side episodes of at most t steps; rows of a trial are neighbours."""

    observations: torch.Tensor  # [t, n, o] float32, before each action
    actions: torch.Tensor  # [t, n, a]
    rewards: torch.Tensor  # [t, n] float32
    alive: torch.Tensor  # [t, n] bool: the episode had not ended before this step
    returns: torch.Tensor  # [n] float64
    success: torch.Tensor  # [n] bool
    after: torch.Tensor  # [t, n, o] float32, observed after each action
    # [t, n] bool: the task ended the episode by then; running out of time does not count
    terminated: torch.Tensor

    @property
    def cut(self) -> torch.Tensor:
        """[n] bool: the episodes that ran out of time and would have gone on."""
        return ~(self.terminated & self.alive).any(0)

    def discounted(self, gamma: float, beyond: torch.Tensor | None = None) -> torch.Tensor:
        """Discounted sum of rewards from each step on, [t, n]; 0 after the end.

        beyond: [n], value of the last observation; added, discounted, to episodes that were cut.
        """
        later, sums = torch.zeros_like(self.rewards[0]), torch.zeros_like(self.rewards)
        for t in reversed(range(len(self.rewards))):
            later = self.rewards[t] + gamma * later
            sums[t] = later
        if beyond is not None:
            left = self.alive.flip(0).cumsum(0).flip(0)  # steps to the episode's end, this one too
            sums = sums + gamma**left * torch.where(self.cut, beyond, 0.0)
        return sums * self.alive

    def advantages(self, gamma: float, num_trials: int) -> torch.Tensor:
        """Return to go, less its mean at that step over the episodes of a trial, over their
        deviation; [t, n].
        """
        shape = (len(self.rewards), num_trials, -1)
        togo, alive = self.discounted(gamma).reshape(shape), self.alive.reshape(shape)
        return normalised(togo, alive).reshape(self.rewards.shape)

    def labels(self, size: int) -> torch.Tensor:
        """The right answers at each step, [t, n, size], which are shown with the next observation
        (Spec.labels).
        """
        return self.after[..., -size:]


class EpisodeBatches:
    """One trial a seed, `side` episodes of each at once."""

    def __init__(
        self,
        family: TaskFamily,
        tasks: Sequence[Task],
        seeds: Sequence[int],
        side: int,
        device: str,
    ) -> None:
        self.n, self.side, self.horizon, self.device = len(seeds), side, family.spec.horizon, device
        rows = [trial for trial in range(self.n) for _ in range(side)]
        self.simulator = family.simulator(
            [tasks[trial] for trial in rows], [seeds[trial] for trial in rows], device
        )
        self.place = torch.arange(side, device=device).repeat(self.n)
        self.begun = False

    @property
    def steps(self) -> int:
        return self.simulator.steps

    def play(self, act: ActFunction) -> Batch:
        """The next episodes. ValueError if an observation or reward is NaN or infinite."""
        seen, alive = (
            self._start(),
            torch.ones(self.n * self.side, dtype=torch.bool, device=self.device),
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
        """First observations of each row's next episode: it is `side` episodes after the row's
        last.
        """
        if not self.begun:
            self.begun, seen = True, self.simulator.reset()
            return seen if self.side == 1 else self.simulator.restart(self.place > 0, self.place)
        every = torch.ones_like(self.place, dtype=torch.bool)
        if self.side == 1:  # so that a simulator without `count` will do
            return self.simulator.restart(every)
        return self.simulator.restart(every, self.side)


def by_trial(batches: Sequence[Batch], num_trials: int, steps: int) -> Outcomes:
    """How each trial's episodes went, batch after batch."""

    def means(each: Sequence[torch.Tensor]) -> np.ndarray:
        each = [one.double().reshape(num_trials, -1).mean(1) for one in each]
        return torch.stack(each, 1).cpu().numpy()

    returns, success = ([batch.returns for batch in batches], [batch.success for batch in batches])
    return Outcomes(means(returns), means(success), steps)


def normalised(advantages: torch.Tensor, alive: torch.Tensor) -> torch.Tensor:
    """[..., rows] to mean 0 and standard deviation 1 over the entries that are alive, along the
    last axis.
    """
    count = alive.sum(-1, keepdim=True).clamp(min=1)
    centred = (advantages - (advantages * alive).sum(-1, keepdim=True) / count) * alive
    deviation = ((centred**2).sum(-1, keepdim=True) / count).sqrt()
    return centred / (deviation + 1e-6)


def streams(values: torch.Tensor, num_trials: int) -> torch.Tensor:
    """[t, trials x side, k] as one stream of steps a trial, episode after episode.

    Returns [trials, side x t, k].
    """
    return values.unflatten(1, (num_trials, -1)).permute(1, 2, 0, 3).flatten(1, 2)
