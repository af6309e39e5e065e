"""Separate actor and critic as functions of named weights: feed-forward, or with a GRU or LSTM.

Layers are initialised orthogonally with gain sqrt(2), the policy's last layer with gain 0.01 by
default, so that the initial policy is nearly the same everywhere, and the value's with gain 1
(Andrychowicz et al. 2021, arXiv 2006.05990). The standard deviation of continuous actions is a
parameter of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from ..parts.actions import Actions, Gaussian
from ..parts.feedforward import Feedforward
from ..parts.recurrent import Recurrent

if TYPE_CHECKING:
    from ..parts.lifetimes import State

Weights = Mapping[str, torch.Tensor]
PARTS = ("actor_", "critic_")
POLICY_GAIN = 0.01


class ActorCritic(Protocol):
    """Policy and value function of a learner, as PPO's rollouts and updates need them.

    Policy parameters [..., k] are those of `actions`: logits, or means and log standard deviations.
    """

    @property
    def actions(self) -> Actions: ...

    def start(self, n: int, device: str) -> State:
        """The hidden state in which n trials begin; empty without memory."""
        ...

    def step(
        self, weights: Weights, inputs: torch.Tensor, state: State
    ) -> tuple[torch.Tensor, torch.Tensor, State]:
        """Policy parameters [n, k], values [n] and the next state, from inputs [n, i]."""
        ...

    def run(
        self, weights: Weights, inputs: torch.Tensor, state: State, begins: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Policy parameters [t, n, k] and values [t, n] along inputs [t, n, i]; differentiable.

        state: before the first step. begins: [t, n] bool, steps before which the state is reset.
        """
        ...


@dataclass(frozen=True)
class FeedforwardNetwork:
    """ActorCritic without memory. hidden: units of each hidden layer of each of the two."""

    inputs: int
    hidden: tuple[int, ...]
    actions: Actions

    @property
    def actor(self) -> Feedforward:
        return Feedforward((self.inputs, *self.hidden, self.actions.size), "actor_")

    @property
    def critic(self) -> Feedforward:
        return Feedforward((self.inputs, *self.hidden, 1), "critic_")

    def init(
        self, rng: np.random.Generator, action_std: float, policy_gain: float = POLICY_GAIN
    ) -> dict[str, torch.Tensor]:
        """Initial weights. action_std: standard deviation of continuous actions. policy_gain: of
        the policy's last layer.
        """
        weights = _orthogonal(self.actor, rng, policy_gain) | _orthogonal(self.critic, rng, 1.0)
        return weights | _log_std(self.actions, action_std)

    def start(self, n: int, device: str) -> State:
        return ()

    def step(
        self, weights: Weights, inputs: torch.Tensor, state: State
    ) -> tuple[torch.Tensor, torch.Tensor, State]:
        policy = _policy(self.actions, weights, self.actor(weights, inputs))
        return policy, self.critic(weights, inputs)[..., 0], state

    def run(
        self, weights: Weights, inputs: torch.Tensor, state: State, begins: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        policy, values, _ = self.step(weights, inputs, state)
        return policy, values


@dataclass(frozen=True)
class RecurrentNetwork:
    """ActorCritic with a recurrent layer of `memory` units in the actor and one in the critic.

    The hidden layers have the inputs beside the recurrent layer's outputs.
    """

    inputs: int
    hidden: tuple[int, ...]
    actions: Actions
    cell: str
    memory: int

    @property
    def _core(self) -> Recurrent:
        return Recurrent(self.inputs, self.memory, 0, self.cell)  # type: ignore[arg-type]  # a Cell

    @property
    def _layers(self) -> FeedforwardNetwork:
        return FeedforwardNetwork(self.inputs + self.memory, self.hidden, self.actions)

    def init(
        self, rng: np.random.Generator, action_std: float, policy_gain: float = POLICY_GAIN
    ) -> dict[str, torch.Tensor]:
        """Initial weights; arguments as of FeedforwardNetwork.init."""
        weights = self._layers.init(rng, action_std, policy_gain)
        for part in PARTS:
            core = self._core.init(rng)
            weights |= {f"{part}{name}": core[name] for name in _CORE}
        return weights

    def start(self, n: int, device: str) -> State:
        return self._core.start(n, device) * len(PARTS)

    def step(
        self, weights: Weights, inputs: torch.Tensor, state: State
    ) -> tuple[torch.Tensor, torch.Tensor, State]:
        half, outputs, after = len(state) // 2, list[torch.Tensor](), list[torch.Tensor]()
        for part, own in zip(PARTS, (state[:half], state[half:]), strict=True):
            _, own = self._core.advance(_core_weights(weights, part), inputs, own)
            outputs.append(torch.cat([inputs, own[0]], -1))
            after += own
        return *self._heads(weights, outputs), tuple(after)

    def run(
        self, weights: Weights, inputs: torch.Tensor, state: State, begins: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        half, outputs = len(state) // 2, []
        for part, own in zip(PARTS, (state[:half], state[half:]), strict=True):
            _, states = self._core.hidden_states(_core_weights(weights, part), inputs, own, begins)
            outputs.append(torch.cat([inputs, states[0]], -1))
        return self._heads(weights, outputs)

    def _heads(
        self, weights: Weights, inputs: list[torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        layers = self._layers
        policy = _policy(self.actions, weights, layers.actor(weights, inputs[0]))
        return policy, layers.critic(weights, inputs[1])[..., 0]


_CORE = ("w_in", "w_hidden", "b_in", "b_hidden")


def _core_weights(weights: Weights, part: str) -> dict[str, torch.Tensor]:
    """The recurrent layer's weights under the names of `Recurrent`, which has no read-out here."""
    core = {name: weights[f"{part}{name}"] for name in _CORE}
    w_hidden = core["w_hidden"]
    return {
        **core,
        "w_out": w_hidden.new_zeros(0, w_hidden.shape[1]),
        "b_out": w_hidden.new_zeros(0),
    }


def _policy(actions: Actions, weights: Weights, outputs: torch.Tensor) -> torch.Tensor:
    if isinstance(actions, Gaussian):
        return torch.cat([outputs, weights["log_std"].expand_as(outputs)], -1)
    return outputs


def _log_std(actions: Actions, action_std: float) -> dict[str, torch.Tensor]:
    if isinstance(actions, Gaussian):
        return {"log_std": torch.full((actions.size,), math.log(action_std))}
    return {}


def _orthogonal(
    network: Feedforward, rng: np.random.Generator, last_gain: float
) -> dict[str, torch.Tensor]:
    """Orthogonal weights and zero biases of a network."""
    weights = network.init(rng)
    last = len(network.sizes) - 2
    for layer in range(last + 1):
        outputs, inputs = weights[f"{network.name}w{layer}"].shape
        gain = last_gain if layer == last else math.sqrt(2)
        weights[f"{network.name}w{layer}"] = torch.from_numpy(
            gain * _orthonormal(rng, outputs, inputs)
        ).float()
    return weights


def _orthonormal(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """A random matrix [rows, columns] with orthonormal rows or columns, whichever are fewer."""
    tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diagonal(r))  # uniformly distributed (Mezzadri 2007)
    return np.ascontiguousarray(q if rows >= columns else q.T)
