"""Soft actor-critic: off-policy, for the return and the policy's entropy, as functions of named
tensors.

Haarnoja, Zhou, Abbeel & Levine 2018 (arXiv 1801.01290), in the form without a value network and
with a temperature that may be learned (arXiv 1812.05905); discrete actions as in Christodoulou 2019
(arXiv 1910.07207): expectations over actions are sums. What a policy is conditioned on (a skill, a
latent) stands behind the observation in its inputs. An agent holds `policy_*`, `critic_*` with the
twin critics on a leading axis, `target/critic_*` and, if it is learned, `log_temperature`.
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
from ..parts.network_weights import weight_names
from .sac_config import SACConfig

Named = Mapping[str, torch.Tensor]
TARGET = "target/"


@dataclass(frozen=True)
class Transitions:
    """n steps, each from wherever it was taken."""

    inputs: torch.Tensor  # [n, i] observation and what the policy is conditioned on
    actions: torch.Tensor  # [n, a]
    rewards: torch.Tensor  # [n]
    after: torch.Tensor  # [n, i] inputs at the next step
    # [n] bool: the task ended there; an episode that ran out of time would have gone on
    over: torch.Tensor


class SAC:
    """Networks, losses and a step. inputs: numbers that the policy is given."""

    def __init__(self, inputs: int, actions: int, discrete: bool, config: SACConfig) -> None:
        self.config = config
        self.actions: Categorical | Squashed = (
            Categorical(actions) if discrete else Squashed(actions)
        )
        self.policy = Feedforward((inputs, *config.hidden, self.actions.outputs), "policy_")
        judged, values = (inputs, actions) if discrete else (inputs + actions, 1)
        self.critic = Feedforward((judged, *config.hidden, values), "critic_")

    def init(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """What an agent acts by: a policy that tries everything, two critics that disagree."""
        weights = self.policy.init(rng, readout_scale=0.1)
        twins = [self.critic.init(rng) for _ in range(2)]
        weights |= {name: torch.stack([twin[name] for twin in twins]) for name in twins[0]}
        if self.config.target_entropy is not None:
            weights["log_temperature"] = torch.tensor(math.log(self.config.temperature))
        return weights

    def targets(self, weights: Named) -> dict[str, torch.Tensor]:
        """Targets that begin where the critics are."""
        return {
            f"{TARGET}{name}": value.clone()
            for name, value in weights.items()
            if name.startswith("critic_")
        }

    def leaves(self, agent: Named) -> dict[str, torch.Tensor]:
        """What the agent acts by, on the device, for gradients to be taken in."""
        device = self.config.device
        return {
            name: agent[name].detach().to(device).clone().requires_grad_()
            for name in weight_names(agent)
        }

    def act(self, weights: Named, inputs: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Actions [n, a]; noise: [n, a] uniform in [0, 1)."""
        return self.actions.sample(self.policy(weights, inputs), noise)

    def loss(
        self, weights: Named, targets: Named, batch: Transitions, noise: torch.Tensor
    ) -> torch.Tensor:
        """A sum whose gradient in the critics, in the policy and in the temperature is that of each
        one's own loss.

        noise: [2, n, a] uniform in [0, 1). Only the critics' loss reaches what `batch.inputs` were
        computed from.
        """
        critics = {
            name: value.detach() for name, value in weights.items() if name.startswith("critic_")
        }
        value, entropy = self.expected(weights, critics, batch.inputs.detach(), noise[0])
        loss = self.critic_loss(weights, targets, batch, noise[1])
        loss = loss - (value + self.temperature(weights).detach() * entropy).mean()
        if self.config.target_entropy is not None:
            surplus = entropy.detach().mean() - self.config.target_entropy
            loss = loss + weights["log_temperature"] * surplus
        return loss

    def critic_loss(
        self, weights: Named, targets: Named, batch: Transitions, noise: torch.Tensor
    ) -> torch.Tensor:
        """Half the mean squared error to reward and discounted soft value of the target critics, of
        both critics.
        """
        device = self.config.device
        judges = {
            n.removeprefix(TARGET): value.to(device)
            for n, value in targets.items()
            if n.startswith(TARGET)
        }
        with torch.no_grad():
            value, entropy = self.expected(weights, judges, batch.after, noise)
            later = torch.where(batch.over, 0.0, value + self.temperature(weights) * entropy)
            wanted = batch.rewards + self.config.gamma * later
        return (
            0.5 * ((self.judged(weights, batch.inputs, batch.actions) - wanted) ** 2).mean(1).sum()
        )

    def expected(
        self, weights: Named, critics: Named, inputs: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the policy's actions: the lower critic's value [n] and the entropy [n], over one
        action or over all.
        """
        said = self.policy(weights, inputs)
        if isinstance(self.actions, Categorical):
            chances = torch.softmax(said, -1)
            return (chances * self.critic(critics, inputs).amin(0)).sum(-1), self.actions.entropy(
                said
            )
        actions, log_prob = self.actions.draw(said, noise)
        return self.judged(critics, inputs, actions).amin(0), -log_prob

    def judged(self, critics: Named, inputs: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """What each critic holds of actions [n, a], [2, n]."""
        if isinstance(self.actions, Categorical):
            return (self.critic(critics, inputs) * actions).sum(-1)
        return self.critic(critics, torch.cat([inputs, actions], -1))[..., 0]

    def temperature(self, weights: Named) -> torch.Tensor:
        if self.config.target_entropy is None:
            return torch.tensor(self.config.temperature)
        return weights["log_temperature"].exp()

    def step(self, agent: Named, weights: Named, loss: torch.Tensor) -> dict[str, torch.Tensor]:
        """The agent after a step of Adam down the loss, the targets moved along; what else it holds
        stays.

        weights: the leaves that the loss was computed from. ValueError if a gradient is NaN or
        infinite.
        """
        gradients = dict(
            zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True)
        )
        after = {**agent, **adam.step(agent, gradients, self.config.lr)}
        for name in after:
            if name.startswith(TARGET):
                after[name] = torch.lerp(
                    after[name], after[name.removeprefix(TARGET)], self.config.tau
                )
        return after
