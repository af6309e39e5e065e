"""Settings of RL^2, read from a TOML section.

Sources: Duan et al. 2016 (arXiv 1611.02779) and the authors' launchers: GRU, gamma .99, lambda .3.
Sizes and learning rates are chosen for runs of minutes on a CPU.
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
    # hidden units in use, a size that population-based training may change; 0: all
    units: int = 0
    # chrono initialisation (arXiv 1804.11188): units remember for up to one trial
    chrono_init: bool = True
    embed: int = 0  # units of a feed-forward layer before the recurrent one; 0: no such layer
    # scale of the initial input weights; about 4 where most inputs are 0, as for one-hot states
    input_gain: float = 1.0
    # the input also holds the observation before the last action
    last_observation: bool = False
    # outer products of one-hot observations and actions (bilinear.py); needs last_observation
    tabular: bool = False
    trials: int = 256  # trials per improvement step
    episodes: int | None = None  # episodes per trial; None: the family's
    gamma: float = 0.99
    # lambda of GAE; the authors' value for bandits and MDPs, .95-.99 where rewards are delayed
    lam: float = 0.3
    clip: float = 0.2  # of PPO's probability ratio (arXiv 1707.06347)
    epochs: int = 3
    minibatches: int = 4  # per epoch, of whole trials
    lr: float = 2e-3
    lr_end: float = 2e-3  # after `anneal` improvement steps, linearly
    entropy: float = 0.02  # weight of the entropy bonus
    entropy_end: float = 0.02  # after `anneal` improvement steps, linearly
    anneal: int = 400
    value_weight: float = 0.25
    max_gradient: float = 0.5  # gradients are clipped to this norm
    action_std: float = 1.0  # initial standard deviation of continuous actions
    # factor on the rewards in training and in the input (not in a tabular one), not in scores
    reward_scale: float = 1.0
    normalise: bool = True  # advantages to mean 0 and standard deviation 1 over a batch
    test_trials: int = 64  # trials per evaluation
    test_episodes: int = 1  # the score is the mean return of this many last episodes of a trial
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_finite(self)
        for field in fields(self):
            _check(field.name, getattr(self, field.name))
        if self.units > self.hidden:
            raise ValueError(f"units must be at most hidden, got {self.units} and {self.hidden}")
        if self.tabular and not self.last_observation:
            raise ValueError(
                "tabular needs last_observation = true: an action is combined with the observation "
                "before it"
            )
        if self.trials % self.minibatches:
            raise ValueError(
                f"trials must be a multiple of minibatches, got {self.trials} and "
                f"{self.minibatches}"
            )


def _check(name: str, value: Any) -> None:
    """Check one field.

    Raises:
        ValueError: if the value is out of range; the message names the field.
    """
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
