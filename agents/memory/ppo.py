"""Proximal policy optimisation of a recurrent actor-critic on whole trials (Schulman et al. 2017,
arXiv 1707.06347).

A minibatch is a set of whole trials, never of time steps: memory needs its past. With one epoch and
one minibatch the ratio is 1, nothing is clipped, and the step is that of advantage actor-critic.
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

# (weights, trials [k] of the batch, pass over it) -> what is added to the loss
Also = Callable[[Mapping[str, torch.Tensor], torch.Tensor, int], torch.Tensor]


class ActorCritic(Protocol):
    """Whose policy is improved."""

    @property
    def config(self) -> RL2Config: ...

    @property
    def actions(self) -> Actions: ...

    def outputs(
        self, weights: Mapping[str, torch.Tensor], inputs: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What it says along whole trials [t, n, i]: (of the policy [t, n, k], values [t, n])."""
        ...


@dataclass(frozen=True)
class PPOBatch:
    """What was met and done on n trials, and how it turned out."""

    inputs: torch.Tensor  # [t, n, i]
    actions: torch.Tensor  # [t, n, a]
    log_probs: torch.Tensor  # [t, n] of the actions, when they were taken
    advantages: torch.Tensor  # [t, n]
    targets: torch.Tensor  # [t, n] of the values
    alive: torch.Tensor  # [t, n] bool


def improve_policy(
    learner: ActorCritic,
    agent: Agent,
    batch: PPOBatch,
    rng: np.random.Generator,
    also: Also | None = None,
) -> dict[str, torch.Tensor]:
    """The agent after `epochs` passes over the batch. ValueError if its weights are no longer
    finite.
    """
    c, names = learner.config, weight_names(agent)
    done = min(float(agent["schedule/step"]) / c.anneal, 1.0)
    rate, entropy = c.lr + done * (c.lr_end - c.lr), c.entropy + done * (c.entropy_end - c.entropy)
    weights = {name: agent[name].to(c.device).clone().requires_grad_() for name in names}
    adam = _adam(agent, weights, rate)
    gained = _normalised(batch) if c.normalise else batch.advantages
    num_trials = batch.inputs.shape[1]
    for epoch in range(c.epochs):
        for rows in np.array_split(rng.permutation(num_trials), c.minibatches):
            adam.zero_grad()
            trials = torch.from_numpy(np.sort(rows))
            loss = _loss(learner, weights, batch, gained, trials, entropy)
            (loss if also is None else loss + also(weights, trials, epoch)).backward()
            torch.nn.utils.clip_grad_norm_(weights.values(), c.max_gradient)
            adam.step()
    return _kept(agent, weights, adam)


def _loss(
    learner: ActorCritic,
    weights: Mapping[str, torch.Tensor],
    batch: PPOBatch,
    gained: torch.Tensor,
    rows: torch.Tensor,
    entropy: float,
) -> torch.Tensor:
    """PPO's clipped surrogate, half the squared error of the values, and the entropy, over the
    steps of some trials.
    """
    c, alive = learner.config, batch.alive[:, rows]
    policy, values = learner.outputs(weights, batch.inputs[:, rows])
    ratio = (
        learner.actions.log_prob(policy, batch.actions[:, rows]) - batch.log_probs[:, rows]
    ).exp()
    gain = gained[:, rows]
    surrogate = torch.minimum(ratio * gain, ratio.clamp(1 - c.clip, 1 + c.clip) * gain)
    error = 0.5 * (values - batch.targets[:, rows]) ** 2
    each = -surrogate + c.value_weight * error - entropy * learner.actions.entropy(policy)
    return (each * alive).sum() / alive.sum()


def _normalised(batch: PPOBatch) -> torch.Tensor:
    values = batch.advantages[batch.alive]
    return (batch.advantages - values.mean()) / (values.std() + 1e-8)


def _adam(agent: Agent, weights: Mapping[str, torch.Tensor], rate: float) -> torch.optim.Adam:
    """Adam (arXiv 1412.6980) that goes on where the agent's last step ended."""
    adam = torch.optim.Adam(weights.values(), lr=rate, eps=1e-5)
    for name, weight in weights.items():
        adam.state[weight] = {
            "step": agent[f"{STEPS}{name}"].clone(),
            "exp_avg": agent[f"adam/mean/{name}"].to(weight.device).clone(),
            "exp_avg_sq": agent[f"adam/square/{name}"].to(weight.device).clone(),
        }
    return adam


def _kept(
    agent: Agent, weights: Mapping[str, torch.Tensor], adam: torch.optim.Adam
) -> dict[str, torch.Tensor]:
    """Weights and optimiser as an agent again, on the CPU."""
    kept = {name: weight.detach().cpu() for name, weight in weights.items()}
    for name, weight in weights.items():
        if not bool(torch.isfinite(weight).all()):
            raise ValueError(
                f"after a step of the actor-critic the agent's {name} holds NaN or infinity"
            )
        state = adam.state[weight]
        kept[f"adam/mean/{name}"], kept[f"adam/square/{name}"] = (
            state["exp_avg"].cpu(),
            state["exp_avg_sq"].cpu(),
        )
        kept[f"{STEPS}{name}"] = state["step"].cpu()  # its own: `also` moves some less often
    return {**kept, "schedule/step": agent["schedule/step"] + 1}
