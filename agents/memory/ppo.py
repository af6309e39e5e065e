"""Proximal policy optimisation (PPO) of a recurrent actor-critic on whole trials.

Schulman et al. 2017, "Proximal Policy Optimization Algorithms" (arXiv 1707.06347). A minibatch is a
set of whole trials rather than of time steps, since the hidden state depends on all earlier steps.
With one epoch and one minibatch the probability ratio is 1, nothing is clipped, and the update is
that of advantage actor-critic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from ..parts.adam import STEPS
from ..parts.network_weights import weight_names

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent

    from ..parts.actions import Actions
    from .rl2_config import RL2Config

# (weights, indices of trials [k], epoch) -> a scalar that is added to the loss
ExtraLoss = Callable[[Mapping[str, torch.Tensor], torch.Tensor, int], torch.Tensor]


class ActorCritic(Protocol):
    """The part of a learner that PPO needs."""

    @property
    def config(self) -> RL2Config: ...

    @property
    def actions(self) -> Actions: ...

    def outputs(
        self, weights: Mapping[str, torch.Tensor], inputs: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Policy parameters [t, n, k] and values [t, n] along whole trials of inputs [t, n, i]."""
        ...


@dataclass(frozen=True)
class PPOBatch:
    """Transitions of n trials, with advantages and value targets."""

    inputs: torch.Tensor  # [t, n, i]
    actions: torch.Tensor  # [t, n, a]
    log_probs: torch.Tensor  # [t, n] of the actions under the policy that took them
    advantages: torch.Tensor  # [t, n]
    targets: torch.Tensor  # [t, n] regression targets of the values
    alive: torch.Tensor  # [t, n] bool: the trial had not ended before this step


def improve_policy(
    learner: ActorCritic,
    agent: Agent,
    batch: PPOBatch,
    rng: np.random.Generator,
    extra_loss: ExtraLoss | None = None,
) -> dict[str, torch.Tensor]:
    """The agent after `epochs` passes over the batch.

    Args:
        rng: for the order of the trials in the minibatches.
        extra_loss: a scalar added to PPO's loss of each minibatch.

    Raises:
        ValueError: if a weight is NaN or infinite after the update.
    """
    c, names = learner.config, weight_names(agent)
    progress = min(float(agent["schedule/step"]) / c.anneal, 1.0)
    lr = c.lr + progress * (c.lr_end - c.lr)
    entropy = c.entropy + progress * (c.entropy_end - c.entropy)
    weights = {name: agent[name].to(c.device).clone().requires_grad_() for name in names}
    adam = _adam(agent, weights, lr)
    advantages = _normalised(batch) if c.normalise else batch.advantages
    num_trials = batch.inputs.shape[1]
    for epoch in range(c.epochs):
        for rows in np.array_split(rng.permutation(num_trials), c.minibatches):
            adam.zero_grad()
            trials = torch.from_numpy(np.sort(rows))
            loss = _loss(learner, weights, batch, advantages, trials, entropy)
            (loss if extra_loss is None else loss + extra_loss(weights, trials, epoch)).backward()
            torch.nn.utils.clip_grad_norm_(weights.values(), c.max_gradient)
            adam.step()
    return _with_optimiser(agent, weights, adam)


def _loss(
    learner: ActorCritic,
    weights: Mapping[str, torch.Tensor],
    batch: PPOBatch,
    advantages: torch.Tensor,
    trials: torch.Tensor,
    entropy: float,
) -> torch.Tensor:
    """The mean loss over the steps of some trials (indices [k]).

    The clipped surrogate, plus value_weight times half the squared error of the values, less
    `entropy` times the policy's entropy.
    """
    c, alive = learner.config, batch.alive[:, trials]
    policy, values = learner.outputs(weights, batch.inputs[:, trials])
    log_probs = learner.actions.log_prob(policy, batch.actions[:, trials])
    ratio, advantages = (log_probs - batch.log_probs[:, trials]).exp(), advantages[:, trials]
    clipped = ratio.clamp(1 - c.clip, 1 + c.clip)
    surrogate = torch.minimum(ratio * advantages, clipped * advantages)
    error = 0.5 * (values - batch.targets[:, trials]) ** 2
    losses = -surrogate + c.value_weight * error - entropy * learner.actions.entropy(policy)
    return (losses * alive).sum() / alive.sum()


def _normalised(batch: PPOBatch) -> torch.Tensor:
    """Advantages [t, n] with mean 0 and standard deviation 1 over the steps that are alive."""
    values = batch.advantages[batch.alive]
    return (batch.advantages - values.mean()) / (values.std() + 1e-8)


def _adam(agent: Agent, weights: Mapping[str, torch.Tensor], lr: float) -> torch.optim.Adam:
    """Adam (arXiv 1412.6980) with the moments and step counts that the agent holds."""
    adam = torch.optim.Adam(weights.values(), lr=lr, eps=1e-5)
    for name, weight in weights.items():
        adam.state[weight] = {
            "step": agent[f"{STEPS}{name}"].clone(),
            "exp_avg": agent[f"adam/mean/{name}"].to(weight.device).clone(),
            "exp_avg_sq": agent[f"adam/square/{name}"].to(weight.device).clone(),
        }
    return adam


def _with_optimiser(
    agent: Agent, weights: Mapping[str, torch.Tensor], adam: torch.optim.Adam
) -> dict[str, torch.Tensor]:
    """The agent with these weights and the optimiser's state, on the CPU."""
    after = {name: weight.detach().cpu() for name, weight in weights.items()}
    for name, weight in weights.items():
        if not bool(torch.isfinite(weight).all()):
            raise ValueError(f"after a PPO update the agent's {name} holds NaN or infinity")
        state = adam.state[weight]
        after[f"adam/mean/{name}"] = state["exp_avg"].cpu()
        after[f"adam/square/{name}"] = state["exp_avg_sq"].cpu()
        # A count for each weight: those that only `extra_loss` reaches are updated less often.
        after[f"{STEPS}{name}"] = state["step"].cpu()
    return {**after, "schedule/step": agent["schedule/step"] + 1}
