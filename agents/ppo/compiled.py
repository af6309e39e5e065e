"""Compiled policy and update of feed-forward networks on the CPU (kernels.ppo_update).

The same functions as policies.NetworkPolicy and update.autograd_update, up to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import torch

from ..kernels.act_kernel import Actor
from ..kernels.mode_kernel import layout_of, mode_kernel, noise_memory, row_of
from ..kernels.ppo_network import LOG_STD, Architecture
from ..kernels.ppo_update import Loss, Optimised, Transitions, update
from ..parts.actions import Categorical
from ..parts.adam import STEPS
from .network import ActorCritic, FeedforwardNetwork, Weights
from .normalisation import LIMIT, Normaliser
from .policies import Acted, InputFunction, LastStep

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent

    from ..parts.lifetimes import State
    from .batches import Batch
    from .config import PPOSettings


def architecture_of(network: FeedforwardNetwork) -> Architecture:
    """The network as the kernels describe it."""
    discrete = isinstance(network.actions, Categorical)
    return Architecture(network.inputs, network.hidden, network.actions.size, discrete)


@dataclass(frozen=True)
class CompiledPolicy:
    """RolloutPolicy of a feed-forward network."""

    network: FeedforwardNetwork
    weights: Weights
    make_inputs: InputFunction
    device: str = "cpu"

    @cached_property
    def _actor(self) -> Actor:
        return Actor(architecture_of(self.network), self.weights)

    def start(self, n: int) -> State:
        return ()

    def noise(self, uniform: torch.Tensor) -> torch.Tensor:
        return self._actor.noise_of(uniform)

    def inputs(self, observations: torch.Tensor, last: LastStep) -> torch.Tensor:
        return self.make_inputs(observations, last)

    def act(self, inputs: torch.Tensor, state: State, noise: torch.Tensor) -> Acted:
        return Acted(*self._actor.act(inputs, noise), state)

    def values(self, inputs: torch.Tensor, state: State) -> torch.Tensor:
        return self._actor.values(inputs)

    def play(
        self, simulator: Any, normaliser: Normaliser | None, noise: torch.Tensor | None = None
    ) -> np.ndarray:
        """Returns [n] float64 of one whole episode of every row.

        simulator: one with the method `play`. normaliser: that of the inputs, if there is one.
        noise: of sampled actions in every step of an episode, [steps, n, a], see `noise`; None: the
        most likely actions.
        """
        architecture, actor = architecture_of(self.network), self._actor
        o, n = architecture.inputs, len(simulator.success)
        parts = (torch.zeros(o), torch.ones(o)) if normaliser is None else astuple(normaliser)
        table = row_of(actor.flat, architecture, torch.stack(parts).numpy())
        layout = layout_of(architecture, 0 if normaliser is None else int(LIMIT))
        members, memory = np.zeros(n, np.int64), np.empty((n, 0), np.float32)
        if noise is not None:
            scale = self.weights[LOG_STD].exp() if LOG_STD in self.weights else 1.0
            memory = noise_memory((noise * scale).numpy())
        returns, _ = simulator.play(mode_kernel(), table, members, layout, memory)
        return returns

    def mode(self, inputs: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        zeros = torch.zeros(len(inputs), self.network.actions.size)
        return self._actor.act(inputs, zeros).actions, state


def fits(network: ActorCritic, batch: Batch) -> TypeGuard[FeedforwardNetwork]:
    """Whether `compiled_update` takes these."""
    return isinstance(network, FeedforwardNetwork) and batch.inputs.device.type == "cpu"


def compiled_update(
    network: FeedforwardNetwork,
    settings: PPOSettings,
    agent: Agent,
    batch: Batch,
    order: np.ndarray,
    *,
    advantages: torch.Tensor,
    rates: tuple[float, float],
) -> tuple[dict[str, torch.Tensor], np.ndarray]:
    """Weights and optimiser state after the epochs of `order` [epochs, m], and losses
    [epochs done, 5].

    advantages: [1, m], normalised if they should be. rates: learning rate, weight of the entropy.
    ValueError if a gradient or a weight is NaN or infinite.
    """
    c, architecture = settings, architecture_of(network)
    names = architecture.shapes
    before = Optimised(
        {name: agent[name] for name in names},
        {name: agent[f"adam/mean/{name}"] for name in names},
        {name: agent[f"adam/square/{name}"] for name in names},
        int(max(float(agent[f"{STEPS}{name}"]) for name in names)),
    )
    transitions = Transitions(
        batch.inputs[0],
        batch.actions[0],
        batch.log_probs[0],
        advantages[0],
        batch.targets[0],
        batch.alive[0],
    )
    floor = math.log(c.std_floor) if c.std_floor else -math.inf
    loss = Loss(c.clip, c.value_weight, rates[1], rates[0], c.max_gradient, c.target_kl, floor)
    if c.value_limit is not None:
        loss = replace(loss, value_limit=c.value_limit)
    done = update(architecture, before, transitions, order, minibatches=c.minibatches, loss=loss)
    return _named(done.after), done.losses


def _named(after: Optimised) -> dict[str, torch.Tensor]:
    """Weights and optimiser state under the names of an agent's tensors."""
    parts: Mapping[str, Mapping[str, torch.Tensor]] = {
        "": after.weights,
        "adam/mean/": after.mean,
        "adam/square/": after.square,
    }
    steps = {f"{STEPS}{name}": torch.tensor(float(after.steps)) for name in after.weights}
    tensors = {f"{at}{name}": value for at, part in parts.items() for name, value in part.items()}
    return {**tensors, **steps}
