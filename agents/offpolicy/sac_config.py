"""Settings of soft actor-critic, which learners built on it extend.

Sources: Haarnoja et al. 2018 (arXiv 1801.01290, 1812.05905); sizes and rates for minutes on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from openpoet.settings import Count, Device, Fraction, PositiveFloat, Settings, Sizes


@dataclass(frozen=True)
class SACConfig(Settings):
    hidden: Annotated[Sizes, "Units of each hidden layer of the policy and of each critic."] = (
        64,
        64,
    )
    gamma: Annotated[Fraction, "Discount factor."] = 0.99
    tau: Annotated[
        float, Interval(gt=0, le=1), "Step of the target critics towards the critics per update."
    ] = 0.01
    lr: Annotated[PositiveFloat, "Learning rate (Adam)."] = 3e-3
    temperature: Annotated[
        PositiveFloat, "Weight of the entropy [reward per nat]; its initial value if learned."
    ] = 0.1
    target_entropy: Annotated[
        float | None, "Entropy that a learned temperature keeps [nats]; none: it is constant."
    ] = None
    # they are saved with the agent, in every iteration of a run
    capacity: Annotated[Count, "Transitions in the replay buffer."] = 10_000
    batch: Annotated[Count, "Transitions per update."] = 256
    updates: Annotated[Count, "Updates per improvement step."] = 32
    device: Annotated[Device, "Device of the networks."] = "cpu"
