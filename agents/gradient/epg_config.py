"""Settings of evolved policy gradients. Filled from a TOML section.

Source: Houthooft et al. 2018 (arXiv 1802.04821) and its authors' code. `AUTHORS` are their sizes,
for trials of 8,192 steps on many machines; the defaults are for short trials and minutes on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..parts.finite import check_finite


@dataclass(frozen=True)
class EPGConfig:
    population: int = 64  # antithetic pairs of losses a generation
    sigma: float = 0.15  # of their noise
    lr: float = 0.03  # Adam's
    weight_decay: float = 0.002
    hidden: tuple[int, ...] = (8,)  # of the inner policy
    updates: int = 5  # of the inner policy in a trial
    episodes: int = 8  # side by side, before each update and after the last
    inner_lr: float = 0.3  # of plain gradient descent on the learned loss
    channels: tuple[int, ...] = (8,)  # of the temporal convolutions
    kernels: tuple[int, ...] = (4,)  # [steps]
    strides: tuple[int, ...] = (1,)
    context: int = 8  # what the convolutions are summed up in
    units: int = 16  # of the layer that joins a step with the context
    memory: int = 0  # numbers that only the loss sees, learned within a trial
    # of the rewards that the loss sees: about as large as the actions, or it hears them not
    reward_scale: float = 1.0
    alpha: float = 0.0  # weight of the plain policy gradient in the first generation ...
    anneal: int = 250  # ... which falls to 0 in so many
    test_trials: int = 64  # of an evaluation
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_finite(self)
        for name in (
            "population",
            "updates",
            "episodes",
            "context",
            "units",
            "test_trials",
            "anneal",
        ):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be a whole number of at least 1, got {getattr(self, name)}"
                )
        if not len(self.channels) == len(self.kernels) == len(self.strides) >= 1:
            raise ValueError(
                "channels, kernels and strides must have one number a convolution, and at least one"
            )
        if min(*self.channels, *self.kernels, *self.strides, *self.hidden) < 1:
            raise ValueError(
                "channels, kernels, strides and hidden must be whole numbers of at least 1"
            )
        for name in ("sigma", "lr", "inner_lr", "reward_scale"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not 0 <= self.alpha <= 1 or self.weight_decay < 0 or self.memory < 0:
            raise ValueError("alpha must be from 0 to 1, weight_decay and memory not below 0")


AUTHORS = EPGConfig(
    hidden=(64, 64),
    channels=(16, 32),
    kernels=(6, 4),
    strides=(5, 2),
    context=32,
    units=16,
    memory=32,
    sigma=0.01,
)
