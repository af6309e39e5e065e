"""PEARL's episodes: on draws of tasks, into replay buffers, and as advantages of its policy.

Rakelly et al. 2019 (arXiv 1903.08254).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from ..parts import replay_buffer as replay
from ..ppo.advantages import gae
from ..rollouts.episode_batches import Batch, EpisodeBatches
from .sac import SAC

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Spec

Weights = Mapping[str, torch.Tensor]
LAMBDA = 0.95  # of generalised advantage estimates


def empty_buffers(spec: Spec, capacity: int, lanes: int) -> dict[str, torch.Tensor]:
    """Replay buffers without transitions. `pay` is the reward that the critics learn from."""
    o, a = spec.observation_size, spec.action_size
    sizes = {"observation": o, "action": a, "reward": 1, "pay": 1, "after": o, "over": 1}
    return replay.empty(sizes, capacity, lanes)


def stored(
    buffers: Weights, batches: Sequence[Batch], teacher: EpisodeBatches | None
) -> dict[str, torch.Tensor]:
    """The replay buffers with these episodes. teacher: the same draws with other rewards."""
    after = {name: part for name, part in buffers.items() if name.startswith(replay.PREFIX)}
    for batch in batches:
        steps = {name: part.cpu() for name, part in steps_of(batch).items()}
        steps["pay"] = steps["reward"]
        if teacher is not None:
            steps["pay"] = steps_of(_replayed(teacher, batch.actions))["reward"].cpu()
        alive = steps.pop("alive")[..., 0]
        after |= replay.added(after, steps, alive)
    return after


def steps_of(batch: Batch) -> dict[str, torch.Tensor]:
    """The steps of one episode of each draw, [draws, t, size] by name."""
    parts = {
        "observation": batch.observations,
        "action": batch.actions,
        "after": batch.after,
        "reward": batch.rewards[..., None],
        "over": batch.terminated[..., None],
        "alive": batch.alive[..., None],
    }
    return {name: part.transpose(0, 1) for name, part in parts.items()}


def _replayed(draws: EpisodeBatches, actions: torch.Tensor) -> Batch:
    """The next episodes under given actions [t, n, a]."""
    return draws.play(lambda _, t: actions[t])


def advantages(
    sac: SAC, weights: Weights, batch: Batch, z: torch.Tensor, noise: torch.Generator
) -> torch.Tensor:
    """Generalised advantage estimates [t, n] under the critics, with the policy's entropy as part
    of the reward. z: of each row, [n, latent].
    """

    def soft_values(observations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        inputs = torch.cat([observations, z.expand(*observations.shape[:2], -1)], -1).flatten(0, 1)
        uniform = torch.rand(len(inputs), sac.actions.size, generator=noise).to(inputs.device)
        value, entropy = sac.value_and_entropy(weights, weights, inputs, uniform)
        bonus = sac.temperature(weights) * entropy
        return (value + bonus).reshape(observations.shape[:2]), bonus.reshape(batch.rewards.shape)

    with torch.no_grad():
        values, bonus = soft_values(batch.observations)
        following, _ = soft_values(batch.after)
    following = torch.where(batch.terminated, 0.0, following)
    last = batch.alive & ~torch.cat([batch.alive[1:], torch.zeros_like(batch.alive[:1])])
    return gae(batch.rewards + bonus, values, following, last, gamma=sac.config.gamma, lam=LAMBDA)
