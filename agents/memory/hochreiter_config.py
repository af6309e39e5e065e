"""Settings of Hochreiter's learner, read from a TOML section.

The network of Hochreiter et al. 2001 has 5,373 weights; the size and the learning rate here are
chosen for runs of minutes on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..parts.finite import check_finite


@dataclass(frozen=True)
class HochreiterConfig:
    """Settings of `Hochreiter`."""

    hidden: int = 64
    trials: int = 64  # sequences per update
    updates: int = 10  # per improvement step
    lr: float = 5e-3  # Adam's
    lr_end: float = 2.5e-4  # after `anneal` updates, linearly
    anneal: int = 3000
    max_gradient: float = 1.0  # gradients are clipped to this norm
    test_trials: int = 64  # sequences per evaluation
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
