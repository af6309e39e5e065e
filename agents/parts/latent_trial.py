"""Agents that hold a latent for an episode, in draws that are driven from outside: MAESN's and
PEARL's.

A z is drawn when an episode begins, from what is believed of its draw then; a greedy agent acts on
the mean of that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

Latent = tuple[torch.Tensor, ...]  # mean and log standard deviation [n, d]
# (observations [n, o], z [n, d], greedy) -> actions [n, a]
LatentPolicyFunction = Callable[[torch.Tensor, torch.Tensor, bool], torch.Tensor]


class LatentTrialPolicy:
    """TrialPolicy (metaworld_protocol) of n draws. believed: from the parts of the state that are a
    belief, [n, ...] each.
    """

    observes_rewards = False

    def __init__(
        self,
        belief: Mapping[str, torch.Tensor],
        believed: Callable[[Mapping[str, torch.Tensor]], Latent],
        act: LatentPolicyFunction,
        generator: torch.Generator,
    ) -> None:
        self._believed, self._act, self._generator = believed, act, generator
        mean, _ = believed(belief)
        self.state = {**belief, "z": mean}

    def begin(self, rows: torch.Tensor) -> None:
        if not bool(rows.any()):
            return
        mean, log_std = self._believed(self.state)
        z = mean + log_std.exp() * torch.randn(mean.shape, generator=self._generator).to(
            mean.device
        )
        self.state = {**self.state, "z": torch.where(rows[:, None], z, self.state["z"])}

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        return self._act(
            observations, self._believed(self.state)[0] if greedy else self.state["z"], greedy
        )
