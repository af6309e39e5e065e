"""Batches of PPO's update: a rollout with advantages and targets, cut into sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from . import advantages

if TYPE_CHECKING:
    from ..parts.lifetimes import State
    from .config import PPOSettings
    from .rollout import Rollout


@dataclass(frozen=True)
class Batch:
    """m sequences of t steps; a minibatch is a set of sequences. Without memory t is 1."""

    inputs: torch.Tensor  # [t, m, i]
    actions: torch.Tensor  # [t, m, a]
    log_probs: torch.Tensor  # [t, m] of the actions under the policy that took them
    advantages: torch.Tensor  # [t, m]
    targets: torch.Tensor  # [t, m] regression targets of the values
    alive: torch.Tensor  # [t, m] bool: the other steps are not learned from
    begins: torch.Tensor  # [t, m] bool: a trial begins, without memory of what was before
    state: State  # hidden states before the first step, [m, h] each


def batch_of(
    rollout: Rollout, rewards: torch.Tensor, settings: PPOSettings, length: int | None
) -> Batch:
    """The transitions of a rollout with generalised advantage estimates and value targets.

    Args:
        rewards: [t, n] float32, as the values predict them: scaled or normalised.
        length: steps of a sequence, the rollout's `chunk`; None: the whole rollout. The last
            sequence is padded with steps that are not alive.
    """
    estimates = advantages.gae(
        rewards,
        rollout.values,
        rollout.following,
        rollout.cuts,
        gamma=settings.gamma,
        lam=settings.lam,
    )
    length = length or len(rewards)
    return Batch(
        sequences(rollout.inputs, length),
        sequences(rollout.actions, length),
        sequences(rollout.log_probs, length),
        sequences(estimates, length),
        sequences(estimates + rollout.values, length),
        sequences(rollout.alive, length),
        sequences(rollout.begins, length),
        tuple(part.flatten(0, 1) for part in rollout.starts),
    )


def single_steps(batch: Batch) -> Batch:
    """The batch of a network without memory: each step is a sequence."""

    def each(values: torch.Tensor) -> torch.Tensor:
        return values.flatten(0, 1)[None]

    return Batch(
        each(batch.inputs),
        each(batch.actions),
        each(batch.log_probs),
        each(batch.advantages),
        each(batch.targets),
        each(batch.alive),
        each(batch.begins),
        (),
    )


def sequences(values: torch.Tensor, length: int) -> torch.Tensor:
    """[length, chunks * n, ...] of values [t, n, ...]; zeros after the end."""
    if missing := -len(values) % length:
        values = torch.cat([values, values.new_zeros(missing, *values.shape[1:])])
    return values.unflatten(0, (-1, length)).transpose(0, 1).flatten(1, 2).contiguous()


def by_step(values: torch.Tensor, steps: int, rows: int) -> torch.Tensor:
    """The inverse of `sequences`: [steps, rows, ...] of values [length, chunks * rows, ...]."""
    return values.unflatten(1, (-1, rows)).transpose(0, 1).flatten(0, 1)[:steps]
