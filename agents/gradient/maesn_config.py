"""Settings of MAESN. Filled from a TOML section.

Sources: Gupta et al. 2018 (arXiv 1802.07245) and its authors' launchers: latent of 2, one inner
step on the latent only, learned step sizes, KL weight .1 to .5; sizes and rates for minutes on a
CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from openpoet.settings import (
    MOST_COUNT,
    Count,
    Device,
    Fraction,
    NonNegativeFloat,
    PositiveFloat,
    Sizes,
    Units,
)

from .episode_settings import OuterSettings


@dataclass(frozen=True)
class MAESNConfig(OuterSettings):
    latent: Annotated[Units, "Dimensions of the latent variable."] = 2
    # above 1 a latent changes what an untrained policy does, and inner steps matter from the start
    latent_gain: Annotated[
        PositiveFloat, "Gain of the initial weights of the latent in the first layer."
    ] = 1.0
    hidden: Annotated[Sizes, "Units of each hidden layer of the policy."] = (32, 32)
    draws: Annotated[Count, "Training draws of the task; each has its own latent distribution."] = (
        20
    )
    trajectories: Annotated[
        int,
        Interval(ge=2, le=MOST_COUNT),
        "Episodes of each draw per update; the baseline is their mean.",
    ] = 20
    gamma: Annotated[Fraction, "Discount factor."] = 0.99
    lr: Annotated[PositiveFloat, "Learning rate of the meta-parameters (Adam)."] = 3e-3
    rate: Annotated[
        PositiveFloat, "Initial step sizes of the latents' inner update; they are learned."
    ] = 0.5
    kl: Annotated[
        NonNegativeFloat, "Weight of the latents' KL divergence from the prior, N(0, I)."
    ] = 0.1
    entropy: Annotated[NonNegativeFloat, "Weight of the policy's entropy."] = 0.0
    max_gradient: Annotated[PositiveFloat, "Norm to which gradients are clipped."] = 1.0
    test_trials: Annotated[Count, "Trials per evaluation."] = 20
    test_updates: Annotated[
        Count, "Updates of a latent in an evaluation; from the third on half as large each."
    ] = 1
    device: Annotated[Device, "Device of the networks."] = "cpu"
