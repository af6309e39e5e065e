"""PPO's update of a feed-forward actor and critic from named tensors, by the compiled kernel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch

from .ppo_kernel import NOT_FINITE, ppo_kernel
from .ppo_network import Architecture, Named


@dataclass(frozen=True)
class Loss:
    """Settings of an update.

    The loss of a minibatch is mean(-min(r A, clip(r) A)) + value_weight mean((v - target)^2 / 2) -
    entropy mean(entropy), with r the ratio of probabilities, clipped to [1 - clip, 1 + clip]. The
    value loss is linear where |v - target| exceeds value_limit.
    """

    clip: float
    value_weight: float
    entropy: float
    lr: float
    max_gradient: float  # norm to which the gradient of all weights together is clipped
    target_kl: float = 0.0  # the epoch whose mean KL divergence exceeds it is the last; 0: none
    log_std_floor: float = -np.inf  # log_std is at least that after each step
    value_limit: float = float(np.finfo(np.float32).max)


class Transitions(NamedTuple):
    """N transitions, float32 on the CPU. Those that are not alive are not learned from."""

    observations: torch.Tensor  # [N, o], as the networks take them
    actions: torch.Tensor  # [N, a]; discrete ones are one-hot
    log_probs: torch.Tensor  # [N] of the actions under the policy that took them
    advantages: torch.Tensor  # [N], normalised if they should be
    targets: torch.Tensor  # [N] regression targets of the values
    alive: torch.Tensor  # [N] bool


class Optimised(NamedTuple):
    """Weights with the state of Adam. The names are those of `Architecture.shapes`."""

    weights: Named
    mean: Named
    square: Named
    steps: int  # of Adam so far, the same for all weights


@dataclass(frozen=True)
class Updated:
    """Results of an update."""

    after: Optimised
    losses: np.ndarray = field(repr=False)  # [epochs done, 5], means over an epoch's minibatches:
    # surrogate loss, value loss, entropy, KL divergence, and share of ratios that are clipped


def update(
    architecture: Architecture,
    before: Optimised,
    batch: Transitions,
    order: np.ndarray,
    *,
    minibatches: int,
    loss: Loss,
) -> Updated:
    """The weights after some epochs, each with one step of Adam a minibatch.

    Args:
        order: [epochs, N] int64, a permutation of the transitions for each epoch, which is split
            into minibatches as by numpy.array_split.

    Raises:
        ValueError: if shapes or dtypes do not fit, or if a gradient or a weight is NaN or infinite.
    """
    arrays = _checked(architecture, batch, order, minibatches)
    weights = architecture.pack(before.weights)
    moments = np.stack([architecture.pack(before.mean), architecture.pack(before.square)])
    settings = [loss.clip, loss.value_weight, loss.entropy, loss.lr, loss.max_gradient]
    results, gradient = np.zeros((len(order), 5)), np.zeros_like(weights)
    epochs = ppo_kernel()(
        weights,
        moments,
        before.steps,
        arrays[0],
        arrays[1:5],
        arrays[5],
        order,
        minibatches,
        np.array(architecture.actor),
        np.array([*settings, loss.target_kl, loss.log_std_floor, loss.value_limit]),
        results,
        gradient,
    )
    if epochs == NOT_FINITE:
        _raise_not_finite("gradient of the agent's", architecture.unpack(gradient))
    if not np.isfinite(weights).all():
        _raise_not_finite("agent's", architecture.unpack(weights))
    mean, square = (architecture.unpack(flat) for flat in moments)
    steps = before.steps + epochs * minibatches
    return Updated(Optimised(architecture.unpack(weights), mean, square, steps), results[:epochs])


def _checked(
    architecture: Architecture, batch: Transitions, order: np.ndarray, minibatches: int
) -> tuple[np.ndarray, ...]:
    """The batch as contiguous arrays.

    ValueError if sizes do not fit: compiled code does not check them.
    """
    n = len(batch.observations)
    wanted = [(n, architecture.inputs), (n, architecture.actions), (n,), (n,), (n,), (n,)]
    dtypes = [torch.float32] * 5 + [torch.bool]
    for name, tensor, shape, dtype in zip(batch._fields, batch, wanted, dtypes, strict=True):
        if tuple(tensor.shape) != shape or tensor.dtype != dtype or tensor.device.type != "cpu":
            raise ValueError(
                f"the compiled PPO update needs {name} {list(shape)} of {dtype} on the CPU, got "
                f"{list(tensor.shape)} of {tensor.dtype} on {tensor.device}"
            )
    if order.ndim != 2 or order.shape[1] != n or order.dtype != np.int64:
        raise ValueError(
            f"the order of {n} transitions must be [epochs, {n}] int64, got {list(order.shape)} "
            f"{order.dtype}"
        )
    if order.size and not 0 <= order.min() <= order.max() < n:
        raise ValueError(f"the order must hold indices below {n}, got {order.min()}-{order.max()}")
    if not 1 <= minibatches <= max(n, 1):
        raise ValueError(f"minibatches must be 1 to {n}, the transitions, got {minibatches}")
    return tuple(tensor.contiguous().numpy() for tensor in batch)


def _raise_not_finite(what: str, named: dict[str, torch.Tensor]) -> None:
    name = next(name for name, value in named.items() if not bool(torch.isfinite(value).all()))
    raise ValueError(f"in a PPO update the {what} {name} holds NaN or infinity")
