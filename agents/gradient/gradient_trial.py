"""Policies that adapt by gradient to the episodes they met, in trials driven from outside: MAML's
and Reptile's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch.nn.utils.rnn import pad_sequence

from ..rollouts.episode_batches import Batch

Parameters = Mapping[str, torch.Tensor]  # [n, ...] each
# (parameters, observations [n, o], greedy) -> actions [n, a]
GradientPolicyFunction = Callable[[Parameters, torch.Tensor, bool], torch.Tensor]
Step = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # observation, action, reward


class GradientTrialPolicy:
    """TrialPolicy (metaworld_protocol) of n draws. updated: parameters from these, episodes, and
    how many updates went before.

    A row's parameters are moved by its own episodes, those that ended between two calls of adapt.
    """

    observes_rewards = False

    def __init__(
        self,
        first: Parameters,
        act: GradientPolicyFunction,
        updated: Callable[[Parameters, Batch, int], Parameters],
    ) -> None:
        self.state, self._act, self._updated, self._updates = first, act, updated, 0
        n = len(next(iter(first.values())))
        self._now: list[list[Step]] = [[] for _ in range(n)]
        self._met: list[list[list[Step]]] = [[] for _ in range(n)]
        # observation and action of the last step
        self._did = (torch.zeros(n, 0), torch.zeros(n, 0))

    def begin(self, rows: torch.Tensor) -> None:
        for row in rows.nonzero()[:, 0].tolist():
            self._now[row] = []

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        action = self._act(self.state, observations, greedy)
        self._did = observations, action
        return action

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        if self._did[1].shape[1] == 0:  # no step was taken
            return
        for row, step in enumerate(zip(*self._did, rewards.float(), strict=True)):
            self._now[row].append(step)
            if bool(ended[row]):
                self._met[row].append(self._now[row])
                self._now[row] = []

    def adapt(self) -> None:
        """An update by the episodes that ended since the last; ValueError if there are not two of
        each draw.
        """
        count = min(map(len, self._met))
        if count < 2:
            raise ValueError(f"an update needs at least 2 episodes of each draw, got {count}")
        batch = gathered([episode for row in self._met for episode in row[:count]])
        self.state = self._updated(self.state, batch, self._updates)
        self._updates, self._met = self._updates + 1, [[] for _ in self._met]


def gathered(episodes: Sequence[Sequence[Step]]) -> Batch:
    """Episodes of different lengths as a batch. What was seen after their last steps and success
    are not known.
    """
    seen, actions, rewards = (
        pad_sequence([torch.stack([step[part] for step in episode]) for episode in episodes])
        for part in range(3)
    )
    alive = pad_sequence([torch.ones(len(episode), dtype=torch.bool) for episode in episodes]).to(
        seen.device
    )
    after = torch.cat([seen[1:], torch.zeros_like(seen[:1])])
    never = torch.zeros_like(alive)
    return Batch(seen, actions, rewards, alive, rewards.double().sum(0), never[0], after, never)
