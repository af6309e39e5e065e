"""Settings of soft actor-critic, which learners built on it extend.

Sources: Haarnoja et al. 2018 (arXiv 1801.01290, 1812.05905); sizes and rates for minutes on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..parts.finite import check_finite


@dataclass(frozen=True)
class SACConfig:
    hidden: tuple[int, ...] = (64, 64)  # of the policy and of each critic
    gamma: float = 0.99
    tau: float = 0.01  # share by which a target moves towards its critic at every update
    lr: float = 3e-3
    temperature: float = 0.1  # what a nat of entropy is worth; where it is learned, at birth
    # [nats] a learned temperature holds the policy there; None: it is fixed
    target_entropy: float | None = None
    # transitions kept: they are saved with the agent, in every iteration of a run
    capacity: int = 10_000
    batch: int = 256  # transitions an update
    updates: int = 32  # of a step
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_finite(self)
        for name in ("capacity", "batch", "updates"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be a whole number of at least 1, got {getattr(self, name)}"
                )
        if not (self.hidden and min(self.hidden) >= 1):
            raise ValueError(f"hidden must be sizes of at least 1, got {list(self.hidden)}")
        for name in ("lr", "temperature"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not (0 <= self.gamma <= 1 and 0 < self.tau <= 1):
            raise ValueError(
                "gamma must be from 0 to 1, tau above 0 and at most 1, got "
                f"{self.gamma} and {self.tau}"
            )
