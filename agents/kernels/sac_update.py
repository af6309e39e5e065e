"""Gradient steps of soft actor-critic on named tensors, by the compiled kernel (sac_kernel.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from .flat_weights import Named
from .sac_kernel import sac_kernel
from .sac_network import SACArchitecture


@dataclass(frozen=True)
class SACLoss:
    """Settings of the steps, see offpolicy.sac."""

    gamma: float
    tau: float  # step of the target critics towards the critics
    lr: float
    temperature: float  # if it is not learned
    target_entropy: float = 0.0  # that a learned temperature keeps
    kl: float = 0.0  # weight of the latents' KL divergence from the prior


class Replay(NamedTuple):
    """N transitions that steps choose from, float32 on the CPU."""

    observations: torch.Tensor  # [N, o]
    actions: torch.Tensor  # [N, a]
    rewards: torch.Tensor  # [N]
    after: torch.Tensor  # [N, o] next observations
    terminated: torch.Tensor  # [N] bool


class Steps(NamedTuple):
    """What s steps learn from. Noise is standard normal."""

    rows: torch.Tensor  # [s, n] int64, their transitions: those of draw 0, then of draw 1, ...
    noise: torch.Tensor  # [s, 2, n, a] for the policy, and for the actions of the targets


class Contexts(NamedTuple):
    """What the latents of s steps are inferred from."""

    transitions: torch.Tensor  # [M, t], as the encoder takes them
    rows: torch.Tensor  # [s, draws, k] int64
    noise: torch.Tensor  # [s, draws, latent], standard normal


class SACState:
    """Weights, target critics and the state of Adam as flat numbers, which steps change in place.

    weights, mean, square: the names are those of SACArchitecture. steps: of Adam so far.

    Raises:
        ValueError: if shapes or dtypes do not fit.
    """

    def __init__(
        self, architecture: SACArchitecture, weights: Named, targets: Named, adam: Adam
    ) -> None:
        self.architecture = architecture
        self.flat, self.targets = architecture.pack(weights), architecture.pack_critics(targets)
        self.moments = np.stack([architecture.pack(adam.mean), architecture.pack(adam.square)])
        self.steps = adam.steps

    def step(
        self, replay: Replay, steps: Steps, loss: SACLoss, contexts: Contexts | None = None
    ) -> None:
        """A gradient step for each of `steps`. contexts: if and only if there is an encoder.

        Raises:
            ValueError: if shapes or dtypes do not fit, or if a gradient is NaN or infinite.
        """
        a, count = self.architecture, len(steps.rows)
        if contexts is None:
            nothing = torch.zeros(count, 1, 0)
            contexts = Contexts(torch.zeros(0, 0), nothing.long(), nothing)
        _check(a, replay, steps, contexts)
        batch, (rows, noise) = _arrays(replay), _arrays(steps)
        table, context_rows, latent_noise = _arrays(contexts)
        sizes = tuple(np.array(one, np.int64) for one in (a.policy, a.critic, a.encoder))
        gradient = np.zeros_like(self.flat)
        settings = [loss.gamma, loss.tau, loss.lr, loss.kl, loss.temperature, loss.target_entropy]
        done = sac_kernel()(
            (self.flat, self.moments, self.targets),
            self.steps,
            batch,
            rows,
            noise,
            table,
            context_rows.reshape(count, -1),
            latent_noise,
            sizes,
            np.array(settings),
            gradient,
        )
        self.steps += done
        if done < count:
            _raise_not_finite(a.unpack(gradient))


class Adam(NamedTuple):
    """The state of Adam."""

    mean: Named
    square: Named
    steps: int  # so far, the same for all weights


def _arrays(tensors: tuple[torch.Tensor, ...]) -> tuple[np.ndarray, ...]:
    return tuple(tensor.contiguous().numpy() for tensor in tensors)


def _check(a: SACArchitecture, replay: Replay, steps: Steps, contexts: Contexts) -> None:
    """ValueError if sizes do not fit: compiled code does not check them."""
    n, (s, chosen) = len(replay.rewards), steps.rows.shape
    draws, context, real, whole = *contexts.rows.shape[1:], torch.float32, torch.int64
    size, table = a.encoder[0] if a.encoder else 0, len(contexts.transitions)
    wanted = {
        "observations": (replay.observations, (n, a.observation), real),
        "actions": (replay.actions, (n, a.actions), real),
        "rewards": (replay.rewards, (n,), real),
        "next observations": (replay.after, (n, a.observation), real),
        "terminated": (replay.terminated, (n,), torch.bool),
        "rows": (steps.rows, (s, chosen), whole),
        "noise": (steps.noise, (s, 2, chosen, a.actions), real),
        "contexts' transitions": (contexts.transitions, (table, size), real),
        "contexts' rows": (contexts.rows, (s, draws, context), whole),
        "contexts' noise": (contexts.noise, (s, draws, a.latent), real),
    }
    for name, (tensor, shape, dtype) in wanted.items():
        if tuple(tensor.shape) != shape or tensor.dtype != dtype or tensor.device.type != "cpu":
            raise ValueError(
                f"the compiled SAC update needs {name} {list(shape)} of {dtype} on the CPU, got "
                f"{list(tensor.shape)} of {tensor.dtype} on {tensor.device}"
            )
    if chosen == 0 or chosen % draws:
        raise ValueError(f"{chosen} transitions cannot be shared by {draws} draws")
    for rows, most in ((steps.rows, n), (contexts.rows, table)):
        if rows.numel() and not 0 <= int(rows.min()) <= int(rows.max()) < most:
            raise ValueError(
                f"rows must be indices below {most}, got {int(rows.min())}-{int(rows.max())}"
            )


def _raise_not_finite(gradients: Named) -> None:
    """As parts.adam, which takes the weights in this order."""
    name = next(n for n in sorted(gradients) if not bool(torch.isfinite(gradients[n]).all()))
    raise ValueError(f"the gradient of the agent's {name} holds NaN or infinity")
