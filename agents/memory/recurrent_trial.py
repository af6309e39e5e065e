"""A recurrent policy for trials that the caller simulates: its hidden state, and the inputs that it
builds from observations, actions and rewards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from ..parts.lifetimes import State
from ..rollouts.trials import next_reward_input, policy_inputs

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Spec

    from .rl2_config import RL2Config

# (inputs [n, i], hidden state, greedy) -> (actions [n, a], hidden state)
RecurrentPolicyFunction = Callable[[torch.Tensor, State, bool], tuple[torch.Tensor, State]]


class RecurrentTrialPolicy:
    """TrialPolicy (metaworld_protocol) that adapts through its hidden state.

    Args:
        longest: the number of steps of a trial.
        start: the initial hidden state of n trials.
        act: the network, as a function of a trial's inputs.
        config: which inputs the network has.
    """

    observes_rewards = True

    def __init__(
        self,
        spec: Spec,
        longest: int,
        start: State,
        act: RecurrentPolicyFunction,
        config: RL2Config,
    ) -> None:
        self.longest, self.config, self._act = longest, config, act
        zero = torch.zeros(len(start[0]), device=start[0].device)
        self.state = {
            "seen": zero[:, None].repeat(1, spec.observation_size),
            "action": zero[:, None].repeat(1, spec.action_size),
            "reward": zero.double(),
            "total": zero.double(),
            "first": zero,
            "time": zero.double(),
            **{f"memory{i}": part for i, part in enumerate(start)},
        }

    def begin(self, rows: torch.Tensor) -> None:
        self.state = {**self.state, "first": torch.where(rows, 1.0, self.state["first"])}

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        s = self.state
        memory = tuple(s[name] for name in s if name.startswith("memory"))
        before = s["seen"] if self.config.last_observation else None
        over = (s["time"] / self.longest).clamp(max=1.0)
        given = policy_inputs(observations, before, s["action"], s["reward"], s["first"], over)
        action, memory = self._act(given, memory, greedy)
        last_step = {
            "seen": observations,
            "action": action,
            "first": torch.zeros_like(s["first"]),
            "time": s["time"] + 1,
        }
        self.state = {**s, **last_step, **{f"memory{i}": part for i, part in enumerate(memory)}}
        return action

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        s, kind = self.state, self.config.reward_input
        shown, total = next_reward_input(kind, rewards.double(), ended, s["reward"], s["total"])
        self.state = {**s, "reward": shown, "total": total}

    def adapt(self) -> None:
        """Does nothing: the hidden state has been updated at each step."""
