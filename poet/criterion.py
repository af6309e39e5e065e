"""The minimal criterion: a task is worth having if it is neither too hard nor too easy
(1901.01753).

It is asked twice: of the parent's agent, before novelty; and of the best agent after transfer,
before birth.
"""

from __future__ import annotations

from typing import Literal

from .config import PoetConfig


def viable(score: float, config: PoetConfig, before: float | None = None) -> bool:
    """Whether a score is; with the score before adaptation, also whether adapting was worth it
    (config.min_gain).
    """
    gained = before is None or config.min_gain is None or score - before >= config.min_gain
    return config.mc_low <= score <= config.mc_high and gained


def fault(
    score: float, config: PoetConfig, before: float | None = None
) -> Literal["too hard", "too easy", "no gain"]:
    """What is wrong with a score that is not viable."""
    if score < config.mc_low:
        return "too hard"
    return "too easy" if score > config.mc_high else "no gain"
