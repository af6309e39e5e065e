"""Settings of PEARL. Filled from a TOML section.

Sources: Rakelly et al. 2019 (arXiv 1903.08254) and its authors' code: latent of 5, gamma .99 (.9
for sparse point robots), context from recent data. There rewards are scaled by 5, the KL's weight
is .1 and the temperature 1; with rewards as they are that is .1 / 25 = .004 and .2. There nets of
300 and 200, rate 3e-4, meta-batches of 16 tasks and 2,000 updates a step; sizes and rates here are
for minutes on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass

from .sac_config import SACConfig


@dataclass(frozen=True)
class PEARLConfig(SACConfig):
    latent: int = 5
    encoder: tuple[int, ...] = (64, 64)  # its hidden units
    draws: int = 20  # of the task, for training: each has a replay of its own
    # of each draw in a step: the first from the prior, each other from what was met before it
    episodes: int = 3
    # transitions of a draw, of the last step, from which its latent is inferred for an update
    context: int = 64
    kl: float = 0.004  # weight of the latents' distance to the prior
    temperature: float = 0.2
    gamma: float = 0.9
    lr: float = 1e-3
    batch: int = 32  # transitions of each draw for an update
    capacity: int = 2_000  # of each draw's replay
    test_trials: int = 50  # of an evaluation

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("latent", "draws", "episodes", "context", "test_trials"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be a whole number of at least 1, got {getattr(self, name)}"
                )
        if not (self.encoder and min(self.encoder) >= 1):
            raise ValueError(f"encoder must be sizes of at least 1, got {list(self.encoder)}")
        if self.kl < 0:
            raise ValueError(f"kl must not be below 0, got {self.kl}")
