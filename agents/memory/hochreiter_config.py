"""Settings of Hochreiter's learner, read from a TOML section.

The network of Hochreiter et al. 2001 has 5,373 weights; the size and the learning rate here are
chosen for runs of minutes on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from openpoet.settings import Count, Device, PositiveFloat, PositiveInt, Settings, Units


@dataclass(frozen=True)
class HochreiterConfig(Settings):
    """Settings of `Hochreiter`."""

    hidden: Annotated[Units, "Units of the LSTM."] = 64
    trials: Annotated[Count, "Sequences per update."] = 64
    updates: Annotated[Count, "Updates per improvement step."] = 10
    lr: Annotated[PositiveFloat, "Initial learning rate (Adam)."] = 5e-3
    lr_end: Annotated[PositiveFloat, "Learning rate after `anneal` updates; linear."] = 2.5e-4
    anneal: Annotated[PositiveInt, "Updates of the learning rate's schedule."] = 3000
    max_gradient: Annotated[PositiveFloat, "Norm to which gradients are clipped."] = 1.0
    test_trials: Annotated[Count, "Sequences per evaluation."] = 64
    device: Annotated[Device, "Device of the network."] = "cpu"
