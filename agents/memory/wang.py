"""Deep meta-RL: the recurrent actor-critic of RL^2 with the settings of Wang et al.

Wang et al. 2016, "Learning to reinforcement learn" (arXiv 1611.05763).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ..parts.suggestions import Suggestion
from .rl2 import RL2
from .rl2_config import CONTROL, STATES, WITHOUT_OBSERVATIONS, RL2Config

if TYPE_CHECKING:
    from openpoet.poet.interfaces import TaskFamily


def _with_own_gamma(suggestion: Suggestion) -> Suggestion:
    """The suggestion without its discount: the paper's is kept."""
    kept = {name: value for name, value in suggestion.values.items() if name != "gamma"}
    return replace(suggestion, values=kept)


@dataclass(frozen=True)
class WangConfig(RL2Config):
    """An LSTM of 48 units, a short horizon and no lambda, as in the paper.

    Differs: three epochs of PPO with four minibatches, where the paper makes one pass of advantage
    actor-critic; epochs = 1 and minibatches = 1 give that update, since no ratio is clipped then.
    The entropy's weight is constant; set entropy_end to anneal it.
    """

    suggestions = (_with_own_gamma(WITHOUT_OBSERVATIONS), _with_own_gamma(STATES), CONTROL)
    cell: Literal["gru", "lstm"] = "lstm"
    hidden: int = 48
    gamma: float = 0.8
    lam: float = 1.0
    entropy: float = 0.05
    entropy_end: float = 0.05


class Wang(RL2):
    """Learner (poet.interfaces): RL^2 with the settings of `WangConfig`."""

    def __init__(self, family: TaskFamily, config: WangConfig | None = None) -> None:
        super().__init__(family, config or WangConfig.suggested(family.spec))
