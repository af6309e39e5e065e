"""A recurrent network with a copy of its units for every discrete action; all share their weights.

What is learned about one action then holds for all, as in bandits, whose arms are alike before the
first pull (parameter sharing in sets: Zaheer et al. 2017, "Deep Sets", arXiv 1703.06114). The units
of an action receive whether it was the last one, and its reward if so; the last reward of any
action, the episode flag and the elapsed share of the trial; and a code of the action, learned and
zero at first, so that actions may differ. They give the action's logit and features. The value is a
function of the features' mean over the actions and of their mean under the policy.
Differs: RL^2 (arXiv 1611.02779) has one recurrent layer over the inputs of all actions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..parts.feedforward import Feedforward
from ..parts.lifetimes import State
from ..parts.recurrent import Parameters, Recurrent

OWN, COMMON, CODE = 2, 3, 4  # inputs of an action's units
FEATURES, VALUE_UNITS = 8, 16
NAME = "action_codes"


@dataclass(frozen=True)
class RecurrentByAction(Recurrent):
    """As `Recurrent`, along a trial's inputs [..., n, a + 3]; outputs are the logits and the value,
    [..., n, a + 1], and parts of the state [n, a hidden]. hidden: units of an action.
    """

    @property
    def actions(self) -> int:
        return self.outputs - 1

    @property
    def of_action(self) -> Recurrent:
        return Recurrent(OWN + COMMON + CODE, self.hidden, 1 + FEATURES, self.cell)

    @property
    def critic(self) -> Feedforward:
        return Feedforward((2 * FEATURES, VALUE_UNITS, 1), "critic_")

    def init(
        self, rng: np.random.Generator, readout_scale: float = 1.0, lasting: int = 0
    ) -> dict[str, torch.Tensor]:
        """See `Recurrent.init`; readout_scale is that of the logits and the value."""
        weights = self.of_action.init(rng, 1.0, lasting)
        weights["w_out"][0] *= readout_scale
        codes = torch.zeros(self.actions, CODE)
        return {**weights, **self.critic.init(rng, readout_scale), NAME: codes}

    def pruned(self, p: Parameters, units: int) -> dict[str, torch.Tensor]:
        return self.of_action.pruned(p, units)

    def start(self, n: int, device: str = "cpu") -> State:
        return self._by_trial(self.of_action.start(n * self.actions, device))

    def advance(self, p: Parameters, x: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """Outputs [n, a + 1] and the next state, from x [n, a + 3]."""
        given, state = self._given(p, x), self._by_action(state)
        outputs, state = self.of_action.advance(p, given, state)
        return self._outputs(p, outputs), self._by_trial(state)

    def run(
        self, p: Parameters, x: torch.Tensor, state: State, resets: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Outputs [t, n, a + 1] of a sequence x [t, n, a + 3]; resets: [t, n], see `Recurrent`."""
        repeated = None if resets is None else resets.repeat_interleave(self.actions, 1)
        given = self._given(p, x)
        return self._outputs(p, self.of_action.run(p, given, self._by_action(state), repeated))

    def _given(self, p: Parameters, x: torch.Tensor) -> torch.Tensor:
        """Inputs of every action's units [..., n a, OWN + COMMON + CODE]."""
        action, common = x.split([self.actions, COMMON], -1)
        own = torch.stack([action, action * common[..., :1]], -1)
        shape = *own.shape[:-1], -1
        parts = own, common[..., None, :].expand(shape), p[NAME].expand(shape)
        return torch.cat(parts, -1).flatten(-3, -2)

    def _outputs(self, p: Parameters, outputs: torch.Tensor) -> torch.Tensor:
        """Logits and value [..., n, a + 1], from each action's outputs [..., n a, 1 + FEATURES]."""
        logits, features = outputs.unflatten(-2, (-1, self.actions)).split([1, FEATURES], -1)
        policy = logits.detach().softmax(-2)  # the values' loss does not change the policy by it
        pooled = torch.cat([features.mean(-2), (policy * features).sum(-2)], -1)
        return torch.cat([logits.squeeze(-1), self.critic(p, pooled)], -1)

    def _by_action(self, state: State) -> State:
        return tuple(part.reshape(-1, self.hidden) for part in state)

    def _by_trial(self, state: State) -> State:
        return tuple(part.reshape(-1, self.actions * self.hidden) for part in state)
