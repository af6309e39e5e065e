"""Policies in rollouts: inputs from observations, sampled actions, log-probabilities and values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch

from .network import ActorCritic, Weights

if TYPE_CHECKING:
    from ..parts.lifetimes import State


class LastStep(NamedTuple):
    """What a policy with memory observes of the step before, beside the current observation."""

    observations: torch.Tensor  # [n, o] before the last action; 0 where a trial begins
    actions: torch.Tensor  # [n, a]; 0 where a trial begins
    rewards: torch.Tensor  # [n] float64; 0 where a trial begins
    first: torch.Tensor  # [n] bool: an episode begins
    ages: torch.Tensor  # [n] int64: steps of the trial so far
    returns: torch.Tensor  # [n] float64, of the trial's episode before this one; 0 in the first


class Acted(NamedTuple):
    """Results of a policy at one step."""

    actions: torch.Tensor  # [n, a]
    log_probs: torch.Tensor  # [n]
    values: torch.Tensor  # [n]
    state: State  # after the step


# (observations [n, o], the last step) -> inputs of the network [n, i]
InputFunction = Callable[[torch.Tensor, LastStep], torch.Tensor]


class RolloutPolicy(Protocol):
    """A policy with fixed weights, as `collecting.Collector` needs it."""

    def start(self, n: int) -> State:
        """The hidden state in which n trials begin."""
        ...

    def noise(self, uniform: torch.Tensor) -> torch.Tensor:
        """The noise of a rollout's actions [t, n, a] from numbers uniform in [0, 1)."""
        ...

    def inputs(self, observations: torch.Tensor, last: LastStep) -> torch.Tensor:
        """Inputs of the network [n, i]."""
        ...

    def act(self, inputs: torch.Tensor, state: State, noise: torch.Tensor) -> Acted:
        """noise: that of one step [n, a]."""
        ...

    def values(self, inputs: torch.Tensor, state: State) -> torch.Tensor:
        """[n]."""
        ...


class EvaluationPolicy(RolloutPolicy, Protocol):
    """A policy that also has most likely actions."""

    @property
    def device(self) -> str: ...

    def mode(self, inputs: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """The most likely actions [n, a], and the next state."""
        ...


@dataclass(frozen=True)
class NetworkPolicy:
    """RolloutPolicy of a network, with torch operations on any device."""

    network: ActorCritic
    weights: Weights
    make_inputs: InputFunction
    device: str = "cpu"

    def start(self, n: int) -> State:
        return self.network.start(n, self.device)

    def noise(self, uniform: torch.Tensor) -> torch.Tensor:
        return uniform

    def inputs(self, observations: torch.Tensor, last: LastStep) -> torch.Tensor:
        return self.make_inputs(observations, last)

    def act(self, inputs: torch.Tensor, state: State, noise: torch.Tensor) -> Acted:
        policy, values, state = self.network.step(self.weights, inputs, state)
        actions = self.network.actions.sample(policy, noise)
        return Acted(actions, self.network.actions.log_prob(policy, actions), values, state)

    def values(self, inputs: torch.Tensor, state: State) -> torch.Tensor:
        return self.network.step(self.weights, inputs, state)[1]

    def mode(self, inputs: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """The most likely actions [n, a], and the next state."""
        policy, _, state = self.network.step(self.weights, inputs, state)
        return self.network.actions.mode(policy), state
