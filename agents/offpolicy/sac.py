"""Soft actor-critic: off-policy, maximises the return and the policy's entropy, on named tensors.

Haarnoja, Zhou, Abbeel & Levine 2018 (arXiv 1801.01290), in the form without a value network and
with an optional learned temperature (arXiv 1812.05905). Discrete actions as in Christodoulou 2019
(arXiv 1910.07207): expectations over actions are exact sums. What a policy is conditioned on (a
skill, a latent) is appended to the observation. An agent holds `policy_*`, `critic_*` with the twin
critics on a leading axis, `target/critic_*` and, if it is learned, `log_temperature`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from ..parts import adam
from ..parts.actions import Categorical, Squashed
from ..parts.feedforward import Feedforward
from ..parts.network_weights import network_weights
from .sac_config import SACConfig

Named = Mapping[str, torch.Tensor]
TARGET = "target/"


@dataclass(frozen=True)
class Transitions:
    """n transitions, in any order."""

    inputs: torch.Tensor  # [n, i] observation, with what the policy is conditioned on
    actions: torch.Tensor  # [n, a]
    rewards: torch.Tensor  # [n]
    next_inputs: torch.Tensor  # [n, i]
    # [n] bool: the episode terminated with this transition; a truncation is bootstrapped instead
    terminated: torch.Tensor


class SAC:
    """Networks, losses and the gradient step. inputs: size of the policy's input."""

    def __init__(self, inputs: int, actions: int, discrete: bool, config: SACConfig) -> None:
        self.config = config
        self.actions: Categorical | Squashed = (
            Categorical(actions) if discrete else Squashed(actions)
        )
        self.policy = Feedforward((inputs, *config.hidden, self.actions.outputs), "policy_")
        # discrete: Q of every action at once; continuous: Q of the action in the input
        critic_inputs, q_values = (inputs, actions) if discrete else (inputs + actions, 1)
        self.critic = Feedforward((critic_inputs, *config.hidden, q_values), "critic_")

    def init(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """Network weights: a policy near uniform, and two critics initialised independently."""
        weights = self.policy.init(rng, readout_scale=0.1)
        twins = [self.critic.init(rng) for _ in range(2)]
        weights |= {name: torch.stack([twin[name] for twin in twins]) for name in twins[0]}
        if self.config.target_entropy is not None:
            weights["log_temperature"] = torch.tensor(math.log(self.config.temperature))
        return weights

    def targets(self, weights: Named) -> dict[str, torch.Tensor]:
        """Target critics, equal to the critics."""
        return {f"{TARGET}{name}": value.clone() for name, value in _critics(weights).items()}

    def leaves(self, agent: Named) -> dict[str, torch.Tensor]:
        """Copies of the network weights on the device that require gradients."""
        weights = network_weights(agent, self.config.device)
        return {name: w.detach().clone().requires_grad_() for name, w in weights.items()}

    def act(self, weights: Named, inputs: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Actions [n, a] sampled from the policy; noise: [n, a] uniform in [0, 1)."""
        return self.actions.sample(self.policy(weights, inputs), noise)

    def loss(
        self, weights: Named, targets: Named, batch: Transitions, noise: torch.Tensor
    ) -> torch.Tensor:
        """The sum of the losses of critics, policy and temperature.

        Each part is detached from the others' weights, so that one backward pass gives each its own
        gradient. Only the critics' loss reaches what `batch.inputs` was computed from.
        noise: [2, n, a] uniform in [0, 1).
        """
        critics = {name: value.detach() for name, value in _critics(weights).items()}
        value, entropy = self.value_and_entropy(weights, critics, batch.inputs.detach(), noise[0])
        loss = self.critic_loss(weights, targets, batch, noise[1])
        loss = loss - (value + self.temperature(weights).detach() * entropy).mean()
        if self.config.target_entropy is not None:
            surplus = entropy.detach().mean() - self.config.target_entropy
            loss = loss + weights["log_temperature"] * surplus
        return loss

    def critic_loss(
        self, weights: Named, targets: Named, batch: Transitions, noise: torch.Tensor
    ) -> torch.Tensor:
        """Half the mean squared Bellman error, summed over both critics.

        The target is r + gamma (min Q_target + temperature x entropy), without the second term
        where the episode terminated. noise: [n, a] uniform in [0, 1).
        """
        device = self.config.device
        target_critics = {
            name.removeprefix(TARGET): value.to(device)
            for name, value in targets.items()
            if name.startswith(TARGET)
        }
        with torch.no_grad():
            value, entropy = self.value_and_entropy(
                weights, target_critics, batch.next_inputs, noise
            )
            soft_value = value + self.temperature(weights) * entropy
            next_value = torch.where(batch.terminated, 0.0, soft_value)
            target = batch.rewards + self.config.gamma * next_value
        error = self.q_values(weights, batch.inputs, batch.actions) - target
        return 0.5 * (error**2).mean(1).sum()

    def value_and_entropy(
        self, weights: Named, critics: Named, inputs: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Lower Q value [n] and entropy [n] of the policy at inputs [n, i].

        Discrete: exact expectations. Continuous: estimates from one action, with noise [n, a].
        """
        outputs = self.policy(weights, inputs)
        if isinstance(self.actions, Categorical):
            probabilities = torch.softmax(outputs, -1)
            value = (probabilities * self.critic(critics, inputs).amin(0)).sum(-1)
            return value, self.actions.entropy(outputs)
        actions, log_prob = self.actions.draw(outputs, noise)
        return self.q_values(critics, inputs, actions).amin(0), -log_prob

    def q_values(self, critics: Named, inputs: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Q of inputs [n, i] and actions [n, a] by each critic, [2, n]."""
        if isinstance(self.actions, Categorical):
            return (self.critic(critics, inputs) * actions).sum(-1)
        return self.critic(critics, torch.cat([inputs, actions], -1))[..., 0]

    def temperature(self, weights: Named) -> torch.Tensor:
        if self.config.target_entropy is None:
            return torch.tensor(self.config.temperature)
        return weights["log_temperature"].exp()

    def step(self, agent: Named, weights: Named, loss: torch.Tensor) -> dict[str, torch.Tensor]:
        """The agent after one step of Adam, and of the target critics by Polyak averaging.

        weights: the leaves from which the loss was computed. ValueError if a gradient is NaN or
        infinite.
        """
        after = self.adam_step(agent, weights, loss)
        for name in after:
            if name.startswith(TARGET):
                critic = after[name.removeprefix(TARGET)]
                after[name] = torch.lerp(after[name], critic, self.config.tau)
        return after

    def adam_step(
        self, agent: Named, weights: Named, loss: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """As `step`, but the target critics stay; weights: the leaves, or some of them."""
        slopes = torch.autograd.grad(loss, list(weights.values()))
        gradients = dict(zip(weights, slopes, strict=True))
        return {**agent, **adam.step(agent, gradients, self.config.lr)}


def _critics(weights: Named) -> dict[str, torch.Tensor]:
    return {name: value for name, value in weights.items() if name.startswith("critic_")}
