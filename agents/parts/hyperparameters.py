"""Hyperparameters of an agent, in its tensors `hyper/NAME`, tuned by a population or a gradient.

They take precedence over the learner's settings, which apply to agents without such tensors.
`adopt` keeps them, since the weights were learned under them. `explore` is that of population-based
training (Jaderberg et al. 2017, arXiv 1711.09846): each is multiplied by 0.8 or 1.2, or sometimes
resampled from its whole range.
Differs: values near 1, such as discounts, are perturbed by their distance from 1: .99 becomes .988
or .992.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

if TYPE_CHECKING:
    from typing import Self

    from openpoet.poet.interfaces import Agent
    from openpoet.poet.streams import Key

HYPER_PREFIX = "hyper/"
FACTORS = (0.8, 1.2)
RESAMPLED = 0.25  # probability
ROUNDING = 1e-9  # of values near 1, and of their distance from it
Config = TypeVar("Config")


@dataclass(frozen=True)
class Range:
    """Bounds of a hyperparameter; resampled log-uniformly if low is above 0, else uniformly."""

    low: float
    high: float
    from_one: bool = False  # low and high are bounds of 1 - value
    whole: bool = False

    def __str__(self) -> str:
        low, high = (1 - self.high, 1 - self.low) if self.from_one else (self.low, self.high)
        return f"a {'whole ' * self.whole}number from {low:g} to {high:g}"

    def holds(self, value: float) -> bool:
        """Whether the value lies in the range, up to rounding."""
        inner = 1 - value if self.from_one else value
        within = self.low - ROUNDING <= inner <= self.high + ROUNDING
        return within and (not self.whole or value == round(value))

    def neighbour(self, value: float, rng: np.random.Generator) -> float:
        value = 1 - value if self.from_one else value
        if rng.random() < RESAMPLED:
            value = self._drawn(rng)
        else:
            value *= FACTORS[int(rng.integers(2))]
        value = min(max(value, self.low), self.high)
        value = 1 - value if self.from_one else value
        return float(round(value)) if self.whole else value

    def _drawn(self, rng: np.random.Generator) -> float:
        if self.low > 0:
            return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        return float(rng.uniform(self.low, self.high))


def hyperparameters_of(agent: Agent) -> dict[str, torch.Tensor]:
    """Copies of the agent's hyperparameter tensors, for a new agent."""
    return {name: value.clone() for name, value in agent.items() if name.startswith(HYPER_PREFIX)}


def with_hyperparameters(config: Config, agent: Agent) -> Config:
    """`config` with the values of the agent's hyperparameters.

    A hyperparameter replaces a setting's schedule too: its `..._end` gets the same value.
    ValueError if a hyperparameter is not the name of a setting, or its value is not valid.
    """
    known = {f.name: getattr(config, f.name) for f in fields(config)}  # type: ignore[arg-type]  # any dataclass
    values: dict[str, Any] = {}
    for name, tensor in hyperparameters_of(agent).items():
        name = name.removeprefix(HYPER_PREFIX)
        if name not in known or tensor.numel() != 1:
            raise ValueError(
                f"the agent's tensor {HYPER_PREFIX}{name} of shape {list(tensor.shape)} is not the "
                "value of a setting: expected one number, named after a field of the settings"
            )
        number = tensor.item()
        values[name] = int(number) if type(known[name]) is int else float(number)
        if f"{name}_end" in known:
            values[f"{name}_end"] = values[name]
    return replace(config, **values) if values else config  # type: ignore[type-var]  # any dataclass


def explored(
    agent: Agent, config: Any, ranges: Mapping[str, Range], key: Key
) -> dict[str, torch.Tensor]:
    """The agent with each hyperparameter perturbed, from its own value or the settings'."""
    now = with_hyperparameters(config, agent)
    values = {
        f"{HYPER_PREFIX}{name}": torch.tensor(
            where.neighbour(float(getattr(now, name)), key.child(name).generator()),
            dtype=torch.float64,
        )
        for name, where in ranges.items()
    }
    return {**agent, **values}


class Tunable:
    """A learner whose agents may carry hyperparameters of their own.

    A subclass uses `self.of(agent)` where it learns and scores, adds `hyperparameters_of(agent)` to
    the agents it returns, and `self.checked_hyperparameters(agent)` in `adopt`.
    """

    config: Any
    ranges: Mapping[str, Range]  # the settings that may be explored

    def explore(self, agent: Agent, key: Key) -> Agent:
        """The agent with perturbed hyperparameters (poet.interfaces.Explorer)."""
        return explored(agent, self.config, self.ranges, key)

    def checked_hyperparameters(self, agent: Agent) -> dict[str, torch.Tensor]:
        """The agent's hyperparameters, for `adopt`. ValueError if one is not valid."""
        with_hyperparameters(self.config, agent)
        return hyperparameters_of(agent)

    def carried(self) -> Mapping[str, Range]:
        """The settings that an agent may carry; wider than `ranges` where other runs or a gradient
        make further values.
        """
        return self.ranges

    def check_foreign(self, agent: Agent) -> None:
        """ValueError, one line, if an agent of another run carries a value that no agent of this
        learner has: it might replace any setting, such as the number of trials.
        """
        carried = self.carried()
        for tensor, value in hyperparameters_of(agent).items():
            name = tensor.removeprefix(HYPER_PREFIX)
            if name not in carried:
                expected = f"one of {', '.join(carried)}"
            elif value.numel() != 1 or not carried[name].holds(float(value)):
                expected = f"{carried[name]}"
            else:
                continue
            got = f" = {float(value):g}" if value.numel() == 1 else f" of shape {list(value.shape)}"
            raise ValueError(
                f"the agent's hyperparameter {ascii(name)[1:-1][:40]}{got:.60}: expected {expected}"
            )

    def of(self, agent: Agent) -> Self:
        """This learner with the agent's hyperparameters."""
        config = with_hyperparameters(self.config, agent)
        if config is self.config:
            return self
        other = copy.copy(self)
        other.config = config
        return other
