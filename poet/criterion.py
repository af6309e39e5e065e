"""The minimal criterion: a task is accepted if it is neither too hard nor too easy (1901.01753).

It is applied twice: to the score of the parent's agent, before novelty is measured; and to the
score of the best agent after transfer, before birth.
"""

from __future__ import annotations

from typing import Literal

from .config import PoetConfig

Fault = Literal["too hard", "too easy", "no gain"]


def viable(score: float, config: PoetConfig, before: float | None = None) -> bool:
    """Whether a score meets the minimal criterion.

    before: the score before adaptation. If it is given and config.min_gain is set, the gain from
    adaptation must reach min_gain too.
    """
    gained = before is None or config.min_gain is None or score - before >= config.min_gain
    return config.mc_low <= score <= config.mc_high and gained


def fault(score: float, config: PoetConfig, before: float | None = None) -> Fault:
    """Why a score that is not viable fails the criterion."""
    if score < config.mc_low:
        return "too hard"
    return "too easy" if score > config.mc_high else "no gain"
