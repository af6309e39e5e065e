"""A remembering agent in trials that are driven from outside: its memory, and what it must be told
of its last step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from ..parts.lifetimes import State
from ..rollouts.trials import policy_inputs

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Spec

# (inputs [n, i], memory, greedy) -> (actions [n, a], memory)
RecurrentPolicyFunction = Callable[[torch.Tensor, State, bool], tuple[torch.Tensor, State]]


class RecurrentTrialPolicy:
    """TrialPolicy (metaworld_protocol) that adapts by its hidden state, and gives the network a
    trial's inputs.

    longest: steps of a trial. start: n memories of nothing. twice: see trials.run_trials.
    """

    observes_rewards = True

    def __init__(
        self,
        spec: Spec,
        longest: int,
        start: State,
        act: RecurrentPolicyFunction,
        *,
        twice: bool = False,
    ) -> None:
        self.longest, self.twice, self._act = longest, twice, act
        zero = torch.zeros(len(start[0]), device=start[0].device)
        self.state = {
            "seen": zero[:, None].repeat(1, spec.observation_size),
            "action": zero[:, None].repeat(1, spec.action_size),
            "reward": zero.double(),
            "first": zero,
            "time": zero.double(),
            **{f"memory{i}": part for i, part in enumerate(start)},
        }

    def begin(self, rows: torch.Tensor) -> None:
        self.state = {**self.state, "first": torch.where(rows, 1.0, self.state["first"])}

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        s = self.state
        memory = tuple(s[name] for name in s if name.startswith("memory"))
        before, over = s["seen"] if self.twice else None, (s["time"] / self.longest).clamp(max=1.0)
        given = policy_inputs(observations, before, s["action"], s["reward"], s["first"], over)
        action, memory = self._act(given, memory, greedy)
        told = {
            "seen": observations,
            "action": action,
            "first": torch.zeros_like(s["first"]),
            "time": s["time"] + 1,
        }
        self.state = {**s, **told, **{f"memory{i}": part for i, part in enumerate(memory)}}
        return action

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        self.state = {**self.state, "reward": rewards.double()}

    def adapt(self) -> None:
        """Nothing is left to do: what was met is remembered."""
