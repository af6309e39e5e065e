"""Settings of MAESN. Filled from a TOML section.

Sources: Gupta et al. 2018 (arXiv 1802.07245) and its authors' launchers: latent of 2, one inner
step on the latent only, learned step sizes, KL weight .1 to .5; sizes and rates for minutes on a
CPU.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..parts.finite import check_finite


@dataclass(frozen=True)
class MAESNConfig:
    latent: int = 2
    hidden: tuple[int, ...] = (32, 32)
    draws: int = 20  # of the task, for training: each has a latent of its own
    trajectories: int = 20  # of each draw, for one update of its latent
    gamma: float = 0.99
    lr: float = 3e-3
    rate: float = 0.5  # step sizes of the latents at birth; they are learned
    kl: float = 0.1  # weight of the latents' distance to the prior, the unit Gaussian
    entropy: float = 0.0  # weight of the policy's entropy
    max_gradient: float = 1.0  # norm to which gradients are cut
    test_trials: int = 20  # of an evaluation
    # of a latent, from the prior; from the third on each half as large as the one before
    test_updates: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_finite(self)
        for name in ("latent", "draws", "test_trials", "test_updates"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be a whole number of at least 1, got {getattr(self, name)}"
                )
        if self.trajectories < 2:
            raise ValueError(
                "trajectories must be at least 2: the baseline is their mean, got "
                f"{self.trajectories}"
            )
        if not (self.hidden and min(self.hidden) >= 1):
            raise ValueError(f"hidden must be sizes of at least 1, got {list(self.hidden)}")
        for name in ("lr", "rate", "max_gradient"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not 0 <= self.gamma <= 1 or self.kl < 0 or self.entropy < 0:
            raise ValueError("gamma must be from 0 to 1, kl and entropy not below 0")
