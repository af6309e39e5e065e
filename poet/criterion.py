"""The minimal criterion: a task is worth having if it is neither too hard nor too easy (1901.01753).

It is asked twice: of the parent's agent, before novelty; and of the best agent after transfer, before birth.
"""

from __future__ import annotations

from typing import Literal

from .config import PoetConfig


def viable(score: float, config: PoetConfig) -> bool:
    return config.mc_low <= score <= config.mc_high


def fault(score: float, config: PoetConfig) -> Literal["too hard", "too easy"]:
    """What is wrong with a score that is not viable."""
    return "too hard" if score < config.mc_low else "too easy"
