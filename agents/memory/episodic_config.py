"""Settings of episodic control, read from a TOML section.

Sources: MFEC (arXiv 1606.04460) and re-implementations: 11 neighbours, keys of 64 numbers, epsilon
down to .005; NEC (arXiv 1703.01988): 50 neighbours, delta .001, tabular learning rate .1, N = 100,
one gradient step for every 4 environment steps.
Sizes are chosen for runs of minutes on a CPU; the papers' memories hold up to a million entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from openpoet.settings import (
    Count,
    Device,
    Fraction,
    Layers,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    Settings,
    Units,
)

from ..parts.suggestions import Suggesting, Suggestion, trial_steps

Table = Literal["agent", "trial"]
SHORT = 100  # steps of a trial up to which it starts without memories by default
NEW_DRAWS = Suggestion(
    f"with several episodes a trial, at most {SHORT} steps in all, and tasks that are not "
    "deterministic",
    lambda spec: not spec.deterministic and spec.episodes > 1 and trial_steps(spec) <= SHORT,
    # such trials hide a draw, and the maximum over other draws is too high
    {"table": "trial"},
)


@dataclass(frozen=True)
class ControlConfig(Settings):
    """Settings shared by MFEC and NEC."""

    table: Annotated[
        Table, "agent: memories are kept between trials. trial: each trial starts without any."
    ] = "agent"
    capacity: Annotated[Count, "Memory entries per action."] = 1000
    key: Annotated[Units, "Dimensions of a key."] = 16
    neighbours: Annotated[Count, "Nearest neighbours whose values are averaged."] = 11
    same: Annotated[
        NonNegativeFloat, "Squared distance up to which two keys are considered equal."
    ] = 1e-6
    gamma: Annotated[Fraction, "Discount factor."] = 0.99
    epsilon: Annotated[Fraction, "Probability of a random action."] = 0.1
    episodes: Annotated[Count | None, "Episodes of a trial; none: the family's."] = None
    test_trials: Annotated[Count, "Trials per evaluation."] = 16
    test_episodes: Annotated[Count, "Last episodes of a trial, whose mean is the score."] = 1
    device: Annotated[Device, "Device of the networks and memories."] = "cpu"


@dataclass(frozen=True)
class MFECConfig(ControlConfig, Suggesting):
    """Settings of MFEC: those shared with NEC."""

    suggestions: ClassVar[tuple[Suggestion, ...]] = (NEW_DRAWS,)


@dataclass(frozen=True)
class NECConfig(ControlConfig):
    """Settings of NEC."""

    neighbours: int = 50
    delta: Annotated[PositiveFloat, "Kernel: 1 / (squared distance + delta)."] = 1e-3
    fast: Annotated[Fraction, "Learning rate of a stored value towards a new one."] = 0.1
    steps: Annotated[Count, "N of the N-step returns."] = 100
    hidden: Annotated[Layers, "Units of each hidden layer of the encoder."] = (32,)
    key_scale: Annotated[PositiveFloat, "Scale of the encoder's initial last layer."] = 10.0
    lr: Annotated[PositiveFloat, "Learning rate of the encoder (Adam)."] = 1e-3
    memory_lr: Annotated[
        NonNegativeFloat, "Learning rate of retrieved keys and values; 0: only writes change them."
    ] = 0.1
    batch: Annotated[Count, "Transitions per gradient step."] = 32
    every: Annotated[PositiveInt, "Environment steps per gradient step."] = 4
    replay: Annotated[Count, "Transitions in the replay buffer."] = 4096
