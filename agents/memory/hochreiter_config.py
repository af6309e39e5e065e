"""Settings of Hochreiter's learner. Filled from a TOML section.

Hochreiter et al. 2001 have a small LSTM and 5,373 weights; size and rates here are for minutes on a
CPU.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..parts.finite import check_finite


@dataclass(frozen=True)
class HochreiterConfig:
    hidden: int = 64
    trials: int = 64  # sequences of an update
    updates: int = 10  # of an improvement step
    lr: float = 5e-3  # Adam's
    lr_end: float = 2.5e-4  # after `anneal` updates, linearly
    anneal: int = 3000
    max_gradient: float = 1.0  # norm to which gradients are cut
    test_trials: int = 64  # sequences of an evaluation
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_finite(self)
        for name in ("hidden", "trials", "updates", "anneal", "test_trials"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be a whole number of at least 1, got {getattr(self, name)}"
                )
        for name in ("lr", "lr_end", "max_gradient"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
