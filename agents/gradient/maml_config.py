"""Settings of the learners whose agent is an initialisation: MAML, first-order MAML, Reptile. From
a TOML section.

Sources: Finn et al. 2017 (arXiv 1703.03400), its authors' code and its reproductions: 20 episodes
of each of 20 tasks, one inner step of size .1, KL bound .01; Nichol et al. 2018 (arXiv 1803.02999):
ten inner steps, shares from 1 to 0. Sizes and rates for minutes on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..parts.finite import check_finite
from .inner import Order


@dataclass(frozen=True)
class AdaptingConfig:
    hidden: tuple[int, ...] = (32, 32)
    draws: int = 20  # of the task, for one outer step
    trajectories: int = 20  # episodes of each draw, for one update of its parameters
    inner_steps: int = 1
    inner_lr: float = 0.1  # of plain gradient descent, within a trial
    gamma: float = 0.99
    test_trials: int = 20  # of an evaluation
    test_updates: int = 1
    # of the step size after the first of these updates (Finn et al.'s code)
    test_shrink: float = 0.5
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_finite(self)
        for name in ("draws", "trajectories", "test_trials", "test_updates"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be a whole number of at least 1, got {getattr(self, name)}"
                )
        if not (self.hidden and min(self.hidden) >= 1):
            raise ValueError(f"hidden must be sizes of at least 1, got {list(self.hidden)}")
        if self.inner_steps < 0:
            raise ValueError(
                f"inner_steps must not be below 0 (0: joint training), got {self.inner_steps}"
            )
        for name in ("inner_lr", "test_shrink"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not 0 <= self.gamma <= 1:
            raise ValueError(f"gamma must be from 0 to 1, got {self.gamma}")


@dataclass(frozen=True)
class MAMLConfig(AdaptingConfig):
    order: Order = 2  # of the outer gradient; 1: first-order MAML
    learn_rates: bool = False  # a step size for each named parameter, learned from inner_lr on
    outer: Literal["adam", "trpo"] = "adam"
    lr: float = 3e-3  # Adam's
    max_gradient: float = 10.0  # norm to which Adam's gradients are cut
    kl: float = 0.01  # divergence of the adapted policies, mean, at most: TRPO's

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.order not in (1, 2) or self.outer not in ("adam", "trpo"):
            raise ValueError(
                f"order must be 1 or 2 and outer 'adam' or 'trpo', got {self.order!r} "
                f"and {self.outer!r}"
            )
        if self.learn_rates and self.inner_steps == 0:
            raise ValueError(
                "learn_rates needs inner_steps of at least 1: there are no step sizes without steps"
            )
        for name in ("lr", "max_gradient", "kl"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")


@dataclass(frozen=True)
class FOMAMLConfig(MAMLConfig):
    """First-order MAML."""

    order: Order = 1


@dataclass(frozen=True)
class ReptileConfig(AdaptingConfig):
    hidden: tuple[int, ...] = (64, 64)
    draws: int = 10
    trajectories: int = 10
    inner_steps: int = 10
    inner_lr: float = 0.02
    # the initialisation goes a share of the way; or Adam takes it as slope
    outer: Literal["share", "adam"] = "share"
    share: float = 1.0  # of the way, or Adam's rate
    share_end: float = 0.0  # after `anneal` steps, linearly
    anneal: int = 1000
    test_updates: int = 10
    test_shrink: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.inner_steps < 1 or self.anneal < 1:
            raise ValueError("inner_steps and anneal must be whole numbers of at least 1")
        if self.outer not in ("share", "adam") or min(self.share, self.share_end) < 0:
            raise ValueError("outer must be 'share' or 'adam', share and share_end not below 0")
