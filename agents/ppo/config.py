"""Settings of PPO: those shared with the learners that build on it, and those of `ppo`.

Sources: Schulman et al. 2017 (arXiv 1707.06347) and, for what the paper leaves open, Andrychowicz
et al. 2021, "What Matters In On-Policy Reinforcement Learning?" (arXiv 2006.05990).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from openpoet.settings import (
    Count,
    Device,
    Fraction,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    Settings,
    Sizes,
    Units,
)


@dataclass(frozen=True)
class PPOSettings(Settings):
    """Settings of an improvement step: advantages, updates, schedules, noise of the actions and
    normalisation.
    """

    gamma: Annotated[Fraction, "Discount factor."] = 0.99
    lam: Annotated[Fraction, "Lambda of the generalised advantage estimate."] = 0.95
    clip: Annotated[PositiveFloat, "Clip range of PPO's probability ratio."] = 0.2
    epochs: Annotated[PositiveInt, "Passes over the transitions per update."] = 10
    minibatches: Annotated[Count, "Minibatches per pass."] = 8
    lr: Annotated[PositiveFloat, "Initial learning rate (Adam)."] = 3e-4
    lr_end: Annotated[PositiveFloat, "Learning rate after `anneal` updates; linear."] = 3e-4
    entropy: Annotated[NonNegativeFloat, "Initial weight of the policy's entropy."] = 0.0
    entropy_end: Annotated[
        NonNegativeFloat, "Weight of the entropy after `anneal` updates; linear."
    ] = 0.0
    anneal: Annotated[PositiveInt, "Updates of the schedules."] = 1000
    keep_schedule: Annotated[
        bool,
        "An agent that moves to another niche, or starts a new one, continues its schedules; "
        "otherwise they start again.",
    ] = field(default=False, metadata={"written": False})  # not in older runs
    value_weight: Annotated[NonNegativeFloat, "Weight of the value loss."] = 0.5
    value_limit: Annotated[
        PositiveFloat | None,
        "Error of a value beyond which its loss is linear (Huber); none: squared everywhere.",
    ] = field(default=None, metadata={"written": False})  # not in older runs
    max_gradient: Annotated[PositiveFloat, "Norm to which gradients are clipped."] = 0.5
    target_kl: Annotated[
        NonNegativeFloat,
        "An update ends after a pass whose mean KL divergence exceeds this; 0: never.",
    ] = 0.0
    normalise_advantages: Annotated[
        bool, "Normalise advantages to mean 0 and standard deviation 1 over a batch."
    ] = True
    action_std: Annotated[
        PositiveFloat, "Initial standard deviation of the actions, where they are continuous."
    ] = 1.0
    std_floor: Annotated[NonNegativeFloat, "Smallest standard deviation of continuous actions."] = (
        0.0
    )
    rollouts: Annotated[
        PositiveInt, "Updates per improvement step; episodes continue from one to the next."
    ] = 8
    normalise_observations: Annotated[
        bool, "Normalise observations by their running mean and variance."
    ] = True
    normalise_rewards: Annotated[
        bool, "Divide rewards by the running standard deviation of the discounted return."
    ] = True
    reward_scale: Annotated[
        PositiveFloat, "Factor of the rewards in training if they are not normalised."
    ] = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.std_floor > self.action_std:
            raise ValueError(
                f"std_floor must be at most action_std, got {self.std_floor} and {self.action_std}"
            )


@dataclass(frozen=True)
class PPOConfig(PPOSettings):
    """Settings of `PPO`."""

    hidden: Annotated[Sizes, "Units of each hidden layer, of the actor and of the critic."] = (
        64,
        64,
    )
    cell: Annotated[
        Literal["none", "gru", "lstm"],
        "Recurrent cell before the hidden layers of actor and critic; none: feed-forward.",
    ] = "none"
    memory: Annotated[Units, "Units of each recurrent layer."] = 64
    bptt: Annotated[
        Count, "Steps of truncated backpropagation through time, where there is a cell."
    ] = 32
    num_envs: Annotated[Count, "Episodes simulated side by side in training."] = 32
    num_steps: Annotated[Count, "Steps of each of them per update."] = 256
    policy_gain: Annotated[
        PositiveFloat, "Gain of the policy's last layer in the initial weights."
    ] = field(default=0.01, metadata={"written": False})  # not in older runs
    test_episodes: Annotated[
        Count,
        "Episodes per evaluation; 1 in a deterministic family under its most likely actions.",
    ] = 16
    test_actions: Annotated[
        Literal["sampled", "mode"],
        "Actions of an evaluation: the most likely ones, or sampled as in training; replays show "
        "the most likely ones.",
    ] = field(default="mode", metadata={"written": False})  # not in older runs
    device: Annotated[Device, "Device of networks and simulator."] = "cpu"

    def __post_init__(self) -> None:
        super().__post_init__()
        sequences = self.num_envs * self.num_steps
        if self.cell != "none":
            if self.num_steps % self.bptt:
                raise ValueError(
                    f"num_steps must be a multiple of bptt, got {self.num_steps} and {self.bptt}"
                )
            sequences //= self.bptt
        if self.minibatches > sequences:
            raise ValueError(
                f"minibatches must be at most {sequences}, the sequences of a rollout, got "
                f"{self.minibatches}"
            )
