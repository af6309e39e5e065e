"""The policy of a PPO agent without memory as a network on raw observations.

Learners by policy gradient begin with it: a plain policy gradient takes many more steps to walk
than PPO, and what they are for, adaptation, can begin where walking has been learned.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ..parts.feedforward import Feedforward
from .network import PARTS
from .normalisation import OBSERVATIONS, Moments, Normaliser

ACTOR, _ = PARTS


def is_ppo(agent: Mapping[str, torch.Tensor]) -> bool:
    """Whether the agent has an actor and statistics of observations, as those of PPO."""
    return {f"{ACTOR}w0", *Moments.empty(0).tensors(OBSERVATIONS)} <= set(agent)


def raw_policy(agent: Mapping[str, torch.Tensor], network: Feedforward) -> dict[str, torch.Tensor]:
    """Weights of `network` with the mean actions (or logits) of the agent's actor, and its log_std
    if it has one.

    The mean and the standard deviation of observations become part of the first layer. Differs from
    PPO's policy in that normalised observations are not clipped to +-10.

    Raises:
        ValueError: one line, if the actor has other layers or memory, or holds NaN or infinity.
    """
    _check(agent, network)
    actor = {n.removeprefix(ACTOR): w.clone() for n, w in agent.items() if n.startswith(ACTOR)}
    normaliser = Normaliser.of(Moments.of(agent, OBSERVATIONS))
    actor["w0"] = actor["w0"] * normaliser.scale
    actor["b0"] = actor["b0"] - actor["w0"] @ normaliser.mean
    if "log_std" in agent:
        actor["log_std"] = agent["log_std"].clone()
    for name, values in actor.items():
        if not bool(torch.isfinite(values).all()):
            raise ValueError(f"{name} of the policy on raw observations holds NaN or infinity")
    return actor


def _check(agent: Mapping[str, torch.Tensor], network: Feedforward) -> None:
    """ValueError unless the tensors in use have the shapes and dtypes of such a network."""
    sizes = network.sizes
    layers = Feedforward(sizes, ACTOR).init(np.random.default_rng(0))
    expected = layers | Moments.empty(sizes[0]).tensors(OBSERVATIONS)
    if "log_std" in agent:
        expected["log_std"] = torch.zeros(sizes[-1])
    if extra := sorted(name for name in agent if name.startswith(ACTOR) and name not in layers):
        raise ValueError(
            f"its policy has the tensor {extra[0][:80]!a}: it has memory or more than "
            f"{len(sizes) - 2} hidden layers, unlike policies of this learner"
        )
    for name, like in expected.items():
        its = agent.get(name)
        if its is None or (its.shape, its.dtype) != (like.shape, like.dtype):
            got = "missing" if its is None else _kind(its)
            raise ValueError(
                f"the tensor {name} of its policy is {got}, expected {_kind(like)}: `hidden` must "
                "be that of the policy"
            )


def _kind(tensor: torch.Tensor) -> str:
    return f"{tensor.dtype} {list(tensor.shape)}".removeprefix("torch.")
