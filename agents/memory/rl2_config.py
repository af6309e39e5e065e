"""Settings of RL^2, read from a TOML section.

Sources: Duan et al. 2016 (arXiv 1611.02779) and the authors' launchers: GRU, gamma .99, lambda .3.
Sizes and learning rates are chosen for runs of minutes on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from openpoet.settings import (
    Device,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Settings,
)


@dataclass(frozen=True)
class RL2Config(Settings):
    """Settings of `RL2`."""

    cell: Annotated[Literal["gru", "lstm"], "Recurrent cell."] = "gru"
    hidden: Annotated[PositiveInt, "Units of the recurrent layer."] = 64
    # a network's size that population-based training may change
    units: Annotated[NonNegativeInt, "Units in use, at most `hidden`; 0: all."] = 0
    chrono_init: Annotated[bool, "Chrono initialisation: units remember for up to one trial."] = (
        True
    )
    embed: Annotated[NonNegativeInt, "Units of a layer before the recurrent one; 0: none."] = 0
    input_gain: Annotated[
        PositiveFloat, "Gain of the initial input weights; about 4 for one-hot observations."
    ] = 1.0
    last_observation: Annotated[
        bool, "Input the previous observation too, beside its action and reward."
    ] = False
    tabular: Annotated[
        bool, "Input outer products of one-hot observations; needs last_observation."
    ] = False
    trials: Annotated[PositiveInt, "Trials per improvement step."] = 256
    episodes: Annotated[PositiveInt | None, "Episodes of a trial; none: the family's."] = None
    gamma: Annotated[Fraction, "Discount factor."] = 0.99
    # .3: the authors' for bandits and MDPs; .95 to .99 where rewards are far away
    lam: Annotated[Fraction, "Lambda of the generalised advantage estimate."] = 0.3
    clip: Annotated[PositiveFloat, "Clip range of PPO's probability ratio."] = 0.2
    epochs: Annotated[PositiveInt, "Passes over the trials per improvement step."] = 3
    minibatches: Annotated[PositiveInt, "Minibatches per pass, each of whole trials."] = 4
    lr: Annotated[PositiveFloat, "Initial learning rate (Adam)."] = 2e-3
    lr_end: Annotated[PositiveFloat, "Learning rate after `anneal` steps; linear."] = 2e-3
    entropy: Annotated[NonNegativeFloat, "Initial weight of the policy's entropy."] = 0.02
    entropy_end: Annotated[
        NonNegativeFloat, "Weight of the entropy after `anneal` steps; linear."
    ] = 0.02
    anneal: Annotated[PositiveInt, "Improvement steps of the schedules."] = 400
    value_weight: Annotated[NonNegativeFloat, "Weight of the value loss."] = 0.25
    max_gradient: Annotated[PositiveFloat, "Norm to which gradients are clipped."] = 0.5
    action_std: Annotated[
        PositiveFloat, "Initial standard deviation of the actions, where they are continuous."
    ] = 1.0
    reward_scale: Annotated[
        PositiveFloat,
        "Factor of the rewards in training, and in the inputs unless tabular; not of scores.",
    ] = 1.0
    normalise: Annotated[
        bool, "Normalise advantages to mean 0 and standard deviation 1 over a batch."
    ] = True
    test_trials: Annotated[PositiveInt, "Trials per evaluation."] = 64
    test_episodes: Annotated[PositiveInt, "Last episodes of a trial, whose mean is the score."] = 1
    device: Annotated[Device, "Device of the networks."] = "cpu"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.units > self.hidden:
            raise ValueError(f"units must be at most hidden, got {self.units} and {self.hidden}")
        if self.tabular and not self.last_observation:
            raise ValueError(
                "tabular needs last_observation = true: an action's outcome is attributed to the "
                "observation before it"
            )
        if self.trials % self.minibatches:
            raise ValueError(
                f"trials must be a multiple of minibatches, got {self.trials} and "
                f"{self.minibatches}"
            )
