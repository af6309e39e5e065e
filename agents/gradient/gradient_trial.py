"""Policies that adapt by gradient, in trials that are simulated elsewhere: MAML's and Reptile's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch.nn.utils.rnn import pad_sequence

from ..rollouts.episode_batches import Batch

Parameters = Mapping[str, torch.Tensor]  # [n, ...] each
# (parameters, observations [n, o], greedy) -> actions [n, a]
GradientPolicyFunction = Callable[[Parameters, torch.Tensor, bool], torch.Tensor]
# (parameters, episodes, updates so far) -> parameters
Update = Callable[[Parameters, Batch, int], Parameters]
Step = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # observation, action, reward


class GradientTrialPolicy:
    """TrialPolicy (metaworld_protocol) of n draws.

    `adapt` updates a row's parameters by the row's own episodes, those that ended since the last
    call of `adapt`.
    """

    observes_rewards = False

    def __init__(self, initial: Parameters, act: GradientPolicyFunction, update: Update) -> None:
        self.state, self._act, self._update, self._updates = initial, act, update, 0
        n = len(next(iter(initial.values())))
        self._current: list[list[Step]] = [[] for _ in range(n)]
        self._finished: list[list[list[Step]]] = [[] for _ in range(n)]
        # observation and action of the last step
        self._last = (torch.zeros(n, 0), torch.zeros(n, 0))

    def begin(self, rows: torch.Tensor) -> None:
        for row in rows.nonzero()[:, 0].tolist():
            self._current[row] = []

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        action = self._act(self.state, observations, greedy)
        self._last = observations, action
        return action

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        if self._last[1].shape[1] == 0:  # no step was taken
            return
        for row, step in enumerate(zip(*self._last, rewards.float(), strict=True)):
            self._current[row].append(step)
            if bool(ended[row]):
                self._finished[row].append(self._current[row])
                self._current[row] = []

    def adapt(self) -> None:
        """One update on the episodes that ended since the last.

        ValueError unless at least two have ended in each row.
        """
        count = min(map(len, self._finished))
        if count < 2:
            raise ValueError(f"an update needs at least 2 episodes of each draw, got {count}")
        batch = padded_batch([episode for row in self._finished for episode in row[:count]])
        self.state = self._update(self.state, batch, self._updates)
        self._updates, self._finished = self._updates + 1, [[] for _ in self._finished]


def padded_batch(episodes: Sequence[Sequence[Step]]) -> Batch:
    """Episodes of different lengths as one batch, padded with zeros.

    The observations after the last steps, terminations and success are unknown: zero or False.
    """
    observations, actions, rewards = (
        pad_sequence([torch.stack([step[part] for step in episode]) for episode in episodes])
        for part in range(3)
    )
    alive = pad_sequence([torch.ones(len(episode), dtype=torch.bool) for episode in episodes])
    alive = alive.to(observations.device)
    after = torch.cat([observations[1:], torch.zeros_like(observations[:1])])
    returns, never = rewards.double().sum(0), torch.zeros_like(alive)
    return Batch(observations, actions, rewards, alive, returns, never[0], after, never)
