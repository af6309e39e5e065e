"""Settings of evolved policy gradients. Filled from a TOML section.

Source: Houthooft et al. 2018 (arXiv 1802.04821) and its authors' code. `AUTHORS` are their sizes,
for trials of 8,192 steps on many machines; the defaults are for short trials and minutes on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from openpoet.settings import (
    Count,
    Device,
    Fraction,
    Layers,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    Sizes,
    Units,
    UnitsOrZero,
)

from ..parts.suggestions import Suggesting, Suggestion, discrete
from .episode_settings import EpisodeSettings

DISCRETE = Suggestion(
    "with discrete actions",
    discrete,
    # Probabilities change little with small steps of the logits. Without the larger rewards
    # evolution finds no loss for bandits in a minute.
    {"inner_lr": 10.0, "reward_scale": 4.0},
)


@dataclass(frozen=True)
class EPGConfig(EpisodeSettings, Suggesting):
    suggestions: ClassVar[tuple[Suggestion, ...]] = (DISCRETE,)
    population: Annotated[Count, "Antithetic pairs of loss networks in a generation."] = 64
    sigma: Annotated[PositiveFloat, "Standard deviation of the perturbations."] = 0.15
    lr: Annotated[PositiveFloat, "Learning rate of the loss network (Adam)."] = 0.03
    weight_decay: Annotated[NonNegativeFloat, "Weight decay of the loss network."] = 0.002
    hidden: Annotated[Layers, "Units of each hidden layer of the inner policy; empty: linear."] = (
        8,
    )
    updates: Annotated[Count, "Updates of the inner policy in a trial."] = 5
    episodes: Annotated[
        Count, "Episodes in parallel before each update and after the last one."
    ] = 8
    inner_lr: Annotated[
        PositiveFloat, "Learning rate of the inner policy: gradient descent on the learned loss."
    ] = 0.3
    channels: Annotated[Sizes, "Channels of each temporal convolution of the loss network."] = (8,)
    kernels: Annotated[Sizes, "Kernel size of each temporal convolution [steps]."] = (4,)
    strides: Annotated[Sizes, "Stride of each temporal convolution [steps]."] = (1,)
    context: Annotated[Units, "Size of the context vector that the convolutions give."] = 8
    units: Annotated[Units, "Units of the layer that combines a step with the context vector."] = 16
    memory: Annotated[
        UnitsOrZero, "Numbers that only the loss network sees, trained within a trial; 0: none."
    ] = 0
    reward_scale: Annotated[
        PositiveFloat,
        "Factor of the loss network's rewards: scale them to the magnitude of the actions, "
        "otherwise they are ignored.",
    ] = 1.0
    alpha: Annotated[
        Fraction, "Weight of the plain policy gradient in the first generation; falls to 0."
    ] = 0.0
    anneal: Annotated[PositiveInt, "Generations until alpha is 0."] = 250
    test_trials: Annotated[Count, "Trials per evaluation."] = 64
    device: Annotated[Device, "Device of the networks."] = "cpu"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not len(self.channels) == len(self.kernels) == len(self.strides):
            raise ValueError("channels, kernels and strides must have one number per convolution")


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
