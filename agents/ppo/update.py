"""The update of proximal policy optimisation (PPO), feed-forward or recurrent, by autograd.

Schulman et al. 2017, "Proximal Policy Optimization Algorithms" (arXiv 1707.06347). With one epoch
and one minibatch the probability ratio is 1, nothing is clipped, and the update is that of
advantage actor-critic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from ..parts.adam import STEPS
from ..parts.network_weights import weight_names
from .batches import Batch
from .compiled import compiled_update, fits
from .config import PPOSettings
from .network import ActorCritic

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent

COUNT = "schedule/step"  # the agent's number of updates so far
EPSILON = 1e-5  # of Adam


class Losses(NamedTuple):
    """Means over the steps of a minibatch, or over the minibatches of the last epoch."""

    surrogate: float
    value: float
    entropy: float
    kl: float  # mean of r - 1 - log r, an estimate of the divergence from the old policy
    clipped: float  # share of steps whose ratio is outside the clip range


class Updated(NamedTuple):
    """Results of an update."""

    agent: dict[str, torch.Tensor]
    losses: Losses
    epochs: int  # less than the settings' if the KL divergence exceeded target_kl


class Rates(NamedTuple):
    """The settings that follow a schedule, at the agent's next update."""

    lr: float
    entropy: float

    @classmethod
    def of(cls, settings: PPOSettings, agent: Agent) -> Rates:
        c = settings
        progress = min(float(agent[COUNT]) / c.anneal, 1.0)
        lr = c.lr + progress * (c.lr_end - c.lr)
        return cls(lr, c.entropy + progress * (c.entropy_end - c.entropy))


def kept_schedule(settings: PPOSettings, agent: Agent) -> dict[str, torch.Tensor]:
    """The agent's number of updates, as `adopt` needs it: with `keep_schedule`, else nothing.

    An agent without training state (cli/training_state.py) may have none.
    """
    return {COUNT: agent[COUNT].clone()} if settings.keep_schedule and COUNT in agent else {}


def update_policy(
    network: ActorCritic,
    settings: PPOSettings,
    agent: Agent,
    batch: Batch,
    rng: np.random.Generator,
) -> Updated:
    """The agent after up to `epochs` passes over the batch.

    A feed-forward network on the CPU is updated by a compiled kernel, others by autograd on the
    device of the batch. The agent's tensors stay on their own device.

    Args:
        rng: for the order of the sequences in the minibatches.

    Raises:
        ValueError: if a gradient or weight is NaN or infinite.
    """
    order = _order(batch, settings.epochs, rng)
    if fits(network, batch):
        advantages = normalised(batch) if settings.normalise_advantages else batch.advantages
        after, losses = compiled_update(
            network,
            settings,
            agent,
            batch,
            order.numpy(),
            advantages=advantages,
            rates=Rates.of(settings, agent),
        )
        updated = {**agent, **after, COUNT: agent[COUNT] + 1}
        return Updated(updated, Losses(*losses[-1].tolist()), len(losses))
    return autograd_update(network, settings, agent, batch, order)


def _order(batch: Batch, epochs: int, rng: np.random.Generator) -> torch.Tensor:
    """Permutations of the sequences [epochs, m], drawn on the device of the batch."""
    m, device = batch.inputs.shape[1], batch.inputs.device
    if device.type == "cpu":
        return torch.from_numpy(np.stack([rng.permutation(m) for _ in range(epochs)]))
    generator = torch.Generator(device).manual_seed(int(rng.integers(2**63)))
    permutations = [torch.randperm(m, generator=generator, device=device) for _ in range(epochs)]
    return torch.stack(permutations)


def autograd_update(
    network: ActorCritic,
    settings: PPOSettings,
    agent: Agent,
    batch: Batch,
    order: torch.Tensor,
) -> Updated:
    """See `update_policy`. order: of the sequences in each epoch, [epochs, m]."""
    c, device, rates = settings, batch.inputs.device, Rates.of(settings, agent)
    weights = {
        name: agent[name].to(device).clone().requires_grad_() for name in weight_names(agent)
    }
    adam = optimiser(agent, weights, rates.lr)
    advantages = normalised(batch) if c.normalise_advantages else batch.advantages
    loss_of = _Loss(network, c, batch, advantages, rates.entropy)
    losses, epoch = torch.zeros(len(Losses._fields), device=device), 0
    for epoch in range(c.epochs):
        total = torch.zeros_like(losses)
        for rows in order[epoch].tensor_split(c.minibatches):
            adam.zero_grad()
            sequences = rows.sort().values
            loss, parts = loss_of(weights, sequences)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights.values(), c.max_gradient)
            adam.step()
            _bound(weights, c.std_floor)
            total += parts
        losses = total / c.minibatches
        if c.target_kl and float(losses[Losses._fields.index("kl")]) > c.target_kl:
            break
    after = {**optimised(agent, weights, adam), COUNT: agent[COUNT] + 1}
    return Updated(after, Losses(*losses.tolist()), epoch + 1)


class _Loss(NamedTuple):
    """PPO's loss over the steps of some sequences."""

    network: ActorCritic
    settings: PPOSettings
    batch: Batch
    advantages: torch.Tensor
    entropy: float

    def __call__(
        self, weights: Mapping[str, torch.Tensor], rows: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The mean loss of sequences [k], and its parts (Losses).

        The clipped surrogate, plus value_weight times the loss of the values, less `entropy` times
        the policy's entropy.
        """
        c, batch, alive = self.settings, self.batch, self.batch.alive[:, rows]
        state = tuple(part[rows] for part in batch.state)
        policy, values = self.network.run(
            weights, batch.inputs[:, rows], state, batch.begins[:, rows]
        )
        log_probs = self.network.actions.log_prob(policy, batch.actions[:, rows])
        log_ratio, advantages = log_probs - batch.log_probs[:, rows], self.advantages[:, rows]
        ratio = log_ratio.exp()
        clipped = ratio.clamp(1 - c.clip, 1 + c.clip)
        surrogate = -torch.minimum(ratio * advantages, clipped * advantages)
        error = _value_loss(values - batch.targets[:, rows], c.value_limit)
        entropy = self.network.actions.entropy(policy)
        loss = _mean(surrogate + c.value_weight * error - self.entropy * entropy, alive)
        with torch.no_grad():
            kl, outside = ratio - 1 - log_ratio, (clipped != ratio).float()
            parts = [_mean(part, alive) for part in (surrogate, error, entropy, kl, outside)]
        return loss, torch.stack(parts)


def _value_loss(errors: torch.Tensor, limit: float | None) -> torch.Tensor:
    """Half the squares of the errors, linear beyond the limit; same shape."""
    within = errors if limit is None else errors.clamp(-limit, limit)
    return within * (errors - 0.5 * within)


def normalised(batch: Batch) -> torch.Tensor:
    """Advantages [t, m] with mean 0 and standard deviation 1 over the steps that are alive.

    Differs: once over the batch; common implementations normalise each minibatch.
    """
    values = batch.advantages[batch.alive]
    return (batch.advantages - values.mean()) / (values.std() + 1e-8)


def _mean(values: torch.Tensor, alive: torch.Tensor) -> torch.Tensor:
    return (values * alive).sum() / alive.sum().clamp(min=1)


def _bound(weights: Mapping[str, torch.Tensor], std_floor: float) -> None:
    """Keep the standard deviation of continuous actions at std_floor or above."""
    if std_floor and "log_std" in weights:
        weights["log_std"].data.clamp_(min=math.log(std_floor))


def optimiser(agent: Agent, weights: Mapping[str, torch.Tensor], lr: float) -> torch.optim.Adam:
    """Adam (arXiv 1412.6980) with the moments and step counts that the agent holds."""
    adam = torch.optim.Adam(weights.values(), lr=lr, eps=EPSILON, fused=True)
    for name, weight in weights.items():
        adam.state[weight] = {
            "step": agent[f"{STEPS}{name}"].to(weight.device, copy=True),
            "exp_avg": agent[f"adam/mean/{name}"].to(weight.device, copy=True),
            "exp_avg_sq": agent[f"adam/square/{name}"].to(weight.device, copy=True),
        }
    return adam


def optimised(
    agent: Agent, weights: Mapping[str, torch.Tensor], adam: torch.optim.Adam
) -> dict[str, torch.Tensor]:
    """The agent with these weights and the optimiser's state, on the device of its tensors."""
    finite = torch.stack([torch.isfinite(weight).all() for weight in weights.values()])
    if not bool(finite.all()):
        name = list(weights)[int(torch.nonzero(~finite)[0])]
        raise ValueError(f"after an update the agent's {name} holds NaN or infinity")
    after = dict(agent)
    for name, weight in weights.items():
        state, device = adam.state[weight], agent[name].device
        after[name] = weight.detach().to(device)
        after[f"adam/mean/{name}"] = state["exp_avg"].to(device)
        after[f"adam/square/{name}"] = state["exp_avg_sq"].to(device)
        # A count for each weight: a loss may reach some of them only.
        after[f"{STEPS}{name}"] = state["step"].to(device)
    return after
