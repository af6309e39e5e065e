"""Policies of Stable-Baselines3: the actor of PPO's or A2C's MlpPolicy, read from the zip that
`model.save` writes. Only tensors are loaded; nothing in the file is executed or unpickled.

The normalisation of observations by VecNormalize is not in this file, so such policies do not act
as they were trained.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from openpoet.agents.parts.actions import actions_of

from . import torch_file
from .stateless import Stateless
from .torch_file import MOST

MOST_DATA = 2**24  # bytes of the JSON, which has the sizes of spaces and the last observations
POLICY = "stable_baselines3.common.policies"  # of PPO's and A2C's MlpPolicy
ACTIVATIONS = {"Tanh": torch.tanh, "ReLU": torch.relu, "ELU": torch.nn.functional.elu}
# keyword arguments of the policy that do not change the actions of given weights
HARMLESS = {"net_arch", "activation_fn", "ortho_init", "log_std_init", "optimizer_class",
            "optimizer_kwargs", "share_features_extractor"}  # fmt: skip
HIDDEN, HEAD, LOG_STD = "mlp_extractor.policy_net", "action_net", "log_std"


@dataclass(frozen=True)
class Actor:
    """layers: weights [out, in] and biases [out], the last is the head. log_std [a]; None: discrete
    actions.
    """

    layers: tuple[tuple[torch.Tensor, torch.Tensor], ...]
    activation: str
    log_std: torch.Tensor | None

    @property
    def sizes(self) -> tuple[int, int]:
        """Sizes of observations and actions."""
        return self.layers[0][0].shape[1], self.layers[-1][0].shape[0]

    def outputs(self, observations: torch.Tensor) -> torch.Tensor:
        """Parameters of the distribution of actions (agents.parts.actions)."""
        x = observations
        for weight, bias in self.layers[:-1]:
            x = ACTIVATIONS[self.activation](torch.nn.functional.linear(x, weight, bias))
        x = torch.nn.functional.linear(x, *self.layers[-1])
        return x if self.log_std is None else torch.cat([x, self.log_std.expand_as(x)], 1)


class Sb3Policy(Stateless):
    """The actor in n rows (arena.evaluation.Acting). noise: of the sampled actions.

    Actions are not clipped: environments do that.
    """

    def __init__(self, actor: Actor, n: int, noise: np.random.Generator) -> None:
        self._actor, self._noise = actor, noise
        self._actions = actions_of(actor.sizes[1], actor.log_std is None)

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        outputs = self._actor.outputs(observations.cpu())
        if greedy:
            return self._actions.mode(outputs)
        shape = (len(observations), self._actor.sizes[1])
        uniform = torch.from_numpy(self._noise.random(shape, dtype=np.float32))
        return self._actions.sample(outputs, uniform)


def read(path: Path) -> tuple[Actor, str]:
    """The actor of a zip, and the SHA-256 of the file.

    ValueError, one line, if it is not one of MlpPolicy, or holds anything but the expected tensors.
    """
    import hashlib

    with path.open("rb") as file:
        content = file.read(MOST + 1)
    if len(content) > MOST:
        raise ValueError(f"{path} is larger than {MOST} bytes")
    try:
        with torch_file.opened(content) as parts:
            activation = _activation(json.loads(torch_file.part(parts, "data", MOST_DATA)))
            tensors = torch_file.tensors(torch_file.part(parts, "policy.pth", MOST))
        actor = _actor(tensors, activation)
    except Exception as error:  # zipfile, json and torch raise errors of their own types
        raise ValueError(
            f"{path} is not a zip of Stable-Baselines3 with PPO's or A2C's MlpPolicy: "
            f"{' '.join(str(error).split())[:150]}"
        ) from None
    return actor, hashlib.sha256(content).hexdigest()


def _activation(data: Any) -> str:
    """The name of the hidden layers' activation. ValueError for another policy than MlpPolicy."""
    described = data["policy_class"] if isinstance(data, dict) else {}
    if not isinstance(described, dict) or described.get("__module__") != POLICY:
        raise ValueError("its policy class is another one")
    if data.get("use_sde"):
        raise ValueError("it uses state-dependent exploration (use_sde)")
    arguments = {k: v for k, v in data.get("policy_kwargs", {}).items() if not k.startswith(":")}
    if unknown := set(arguments) - HARMLESS:
        raise ValueError(f"its policy_kwargs has {', '.join(sorted(unknown))}")
    name = str(arguments.get("activation_fn", "Tanh")).removesuffix("'>").rpartition(".")[2]
    if name not in ACTIVATIONS:
        raise ValueError(f"its activation is {name}, known are {', '.join(ACTIVATIONS)}")
    return name


def _actor(tensors: Mapping[str, torch.Tensor], activation: str) -> Actor:
    if any(not name.startswith((HEAD, LOG_STD, "mlp_extractor.", "value_net")) for name in tensors):
        raise ValueError("its network has other layers")
    hidden = [name.removesuffix(".weight") for name in tensors if name.startswith(HIDDEN)]
    stems = sorted(
        {n for n in hidden if not n.endswith(".bias")}, key=lambda n: int(n.split(".")[2])
    )
    layers = tuple(
        (tensors[f"{stem}.weight"].float(), tensors[f"{stem}.bias"].float())
        for stem in (*stems, HEAD)
    )
    for (weight, bias), (after, _) in zip(layers, (*layers[1:], layers[-1]), strict=True):
        chained = after is weight or after.shape[1:] == weight.shape[:1]
        if weight.dim() != 2 or bias.shape != weight.shape[:1] or not chained:
            raise ValueError("its layers do not fit each other")
    log_std = tensors.get(LOG_STD)
    if log_std is not None and log_std.shape != layers[-1][1].shape:
        raise ValueError("its log_std does not fit its actions")
    return Actor(layers, activation, None if log_std is None else log_std.float())
