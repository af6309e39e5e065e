"""Settings of the recurrent actor-critic; the defaults are RL^2's on small problems. Filled from a
TOML section.

Sources: Duan et al. 2016 (arXiv 1611.02779) and its authors' launchers: GRU, gamma .99, lambda .3;
Wang et al. 2016 (arXiv 1611.05763): LSTM of 48 units. Sizes and rates for minutes on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from ..parts.finite import check_finite
from ..parts.recurrent import Cell

_AT_LEAST_ONE = (
    "hidden",
    "trials",
    "episodes",
    "epochs",
    "minibatches",
    "anneal",
    "test_trials",
    "test_episodes",
)
_POSITIVE = ("lr", "lr_end", "clip", "max_gradient", "action_std", "reward_scale", "input_gain")
_SHARES = ("gamma", "lam")
_NOT_NEGATIVE = ("units", "embed", "entropy", "entropy_end", "value_weight")


@dataclass(frozen=True)
class RL2Config:
    cell: Cell = "gru"
    hidden: int = 64
    # of the hidden ones, those in use: a network's size that population-based training may move; 0:
    # all
    units: int = 0
    lasting: bool = True  # memories begin with times up to a trial's length
    embed: int = 0  # units of a layer before the memory, which can tell what goes together; 0: none
    # of newborn weights on inputs; about 4 where most inputs are 0, as one-hot states are
    input_gain: float = 1.0
    # seen again beside the new one: what was done there and what it gave are together
    last_observation: bool = False
    # outer products for one-hot observations (bilinear.py); needs last_observation
    tabular: bool = False
    trials: int = 256  # trials of one improvement step
    episodes: int | None = None  # of a trial; None: the family's
    gamma: float = 0.99
    # of the advantages; the authors' for bandits and MDPs, .95-.99 where reward is far away
    lam: float = 0.3
    clip: float = 0.2  # of PPO's ratio (arXiv 1707.06347)
    epochs: int = 3
    minibatches: int = 4  # of whole trials
    lr: float = 2e-3
    lr_end: float = 2e-3  # after `anneal` steps, linearly
    entropy: float = 0.02  # weight of the policy's entropy
    entropy_end: float = 0.02
    anneal: int = 400
    value_weight: float = 0.25
    max_gradient: float = 0.5  # norm to which gradients are cut
    action_std: float = 1.0  # of a newborn's actions, where actions are numbers
    # of what is learned from, and of the input but for a tabular one; scores are not scaled
    reward_scale: float = 1.0
    normalise: bool = True  # advantages to mean 0 and standard deviation 1 over a batch
    test_trials: int = 64  # trials of an evaluation
    test_episodes: int = 1  # at the end of each trial, after adaptation: what is scored
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_finite(self)
        for field in fields(self):
            _check(field.name, getattr(self, field.name))
        if self.units > self.hidden:
            raise ValueError(f"units must be at most hidden, got {self.units} and {self.hidden}")
        if self.tabular and not self.last_observation:
            raise ValueError(
                "tabular needs last_observation = true: what was done is put down to "
                "where it was done"
            )
        if self.trials % self.minibatches:
            raise ValueError(
                f"trials must be a multiple of minibatches, got {self.trials} and "
                f"{self.minibatches}"
            )


@dataclass(frozen=True)
class WangConfig(RL2Config):
    """Deep meta-RL as in Wang et al.: a smaller LSTM, a short horizon, no lambda.

    Differs: three epochs of PPO with four minibatches, where the paper makes one pass of advantage
    actor-critic; epochs = 1 and minibatches = 1 is that, since no ratio is clipped then. The
    entropy's weight is constant; set entropy_end to anneal it.
    """

    cell: Cell = "lstm"
    hidden: int = 48
    gamma: float = 0.8
    lam: float = 1.0
    entropy: float = 0.05
    entropy_end: float = 0.05


def _check(name: str, value: Any) -> None:
    """ValueError that names the field and what it must be."""
    if name in _AT_LEAST_ONE and value is not None and value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")
    if name in _POSITIVE and not value > 0:
        raise ValueError(f"{name} must be above 0, got {value!r}")
    if name in _SHARES and not 0 <= value <= 1:
        raise ValueError(f"{name} must be from 0 to 1, got {value!r}")
    if name in _NOT_NEGATIVE and not value >= 0:
        raise ValueError(f"{name} must not be below 0, got {value!r}")
    if name == "cell" and value not in ("gru", "lstm"):
        raise ValueError(f"cell must be 'gru' or 'lstm', got {value!r}")
