"""Settings that several learners from returns of whole episodes share: MAML, MAESN, EPG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from openpoet.settings import NonNegativeFloat, PositiveFloat, PositiveInt, Settings


@dataclass(frozen=True)
class EpisodeSettings(Settings):
    """Rewards in learning, and the policy before it."""

    reward_limit: Annotated[
        NonNegativeFloat,
        "Size to which a step's reward is clipped in learning, such as that of a fall; 0: none.",
    ] = 0.0
    action_std: Annotated[
        PositiveFloat, "Initial standard deviation of the actions, where they are continuous."
    ] = 1.0


@dataclass(frozen=True)
class OuterSettings(EpisodeSettings):
    """Several outer steps on the same episodes."""

    epochs: Annotated[
        PositiveInt,
        "Outer steps (Adam) on the same episodes; several take clipped probability ratios.",
    ] = 1
    clip: Annotated[PositiveFloat, "Clip range of the ratio, with several outer steps."] = 0.2
