"""Settings of the learners whose agent is an initialisation: MAML, first-order MAML, Reptile. From
a TOML section.

Sources: Finn et al. 2017 (arXiv 1703.03400), its authors' code and its reproductions: 20 episodes
of each of 20 tasks, one inner step of size .1, KL bound .01; Nichol et al. 2018 (arXiv 1803.02999):
ten inner steps, shares from 1 to 0. Sizes and rates for minutes on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from openpoet.settings import (
    Count,
    CountOrZero,
    Device,
    Fraction,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    Sizes,
)

from ..parts.suggestions import Suggesting, Suggestion, discrete
from .episode_settings import EpisodeSettings, OuterSettings

DISCRETE = Suggestion(
    "with discrete actions",
    discrete,
    # probabilities change little with small steps of the logits
    {"inner_lr": 3.0, "learn_rates": True},
)
SMALL_STEPS = Suggestion("with discrete actions", discrete, {"inner_lr": 0.3})
# with the larger default the error of first-order MAML rises again within minutes
LABELS = Suggestion("with labels", lambda spec: getattr(spec, "labels", 0) > 0, {"lr": 1e-3})


@dataclass(frozen=True)
class AdaptingConfig(EpisodeSettings):
    hidden: Annotated[Sizes, "Units of each hidden layer of the policy."] = (32, 32)
    draws: Annotated[Count, "Draws of the task per outer step."] = 20
    trajectories: Annotated[Count, "Episodes of each draw per inner update."] = 20
    inner_steps: Annotated[CountOrZero, "Inner gradient steps; 0: joint training."] = 1
    inner_lr: Annotated[PositiveFloat, "Step size of the inner gradient descent."] = 0.1
    # an inner step grows as the standard deviation falls, until it destroys the policy
    std_floor: Annotated[
        NonNegativeFloat, "Smallest standard deviation of continuous actions; 0: none."
    ] = 0.3
    gamma: Annotated[Fraction, "Discount factor."] = 0.99
    test_trials: Annotated[Count, "Trials per evaluation."] = 20
    test_updates: Annotated[Count, "Inner updates in an evaluation."] = 1
    # Finn et al.'s code halves it
    test_shrink: Annotated[
        PositiveFloat, "Factor of the step size after the first update of an evaluation."
    ] = 0.5
    device: Annotated[Device, "Device of the networks."] = "cpu"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.std_floor > self.action_std:
            raise ValueError(
                f"std_floor must be at most action_std, got {self.std_floor} and {self.action_std}"
            )


@dataclass(frozen=True)
class MAMLConfig(OuterSettings, AdaptingConfig, Suggesting):
    suggestions: ClassVar[tuple[Suggestion, ...]] = (DISCRETE, LABELS)
    order: Annotated[
        Literal[1, 2], "Order of the outer gradient; 1 ignores second derivatives."
    ] = 2
    learn_rates: Annotated[
        bool, "Learn an inner step size for each parameter tensor, starting from inner_lr."
    ] = False
    outer: Annotated[Literal["adam", "trpo"], "Outer optimiser."] = "adam"
    lr: Annotated[PositiveFloat, "Outer learning rate (adam)."] = 3e-3
    max_gradient: Annotated[PositiveFloat, "Norm to which outer gradients are clipped (adam)."] = (
        10.0
    )
    kl: Annotated[
        PositiveFloat, "Largest mean KL divergence of the adapted policies in a step (trpo)."
    ] = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.learn_rates and self.inner_steps == 0:
            raise ValueError(
                "learn_rates needs inner_steps of at least 1: there are no step sizes without steps"
            )


@dataclass(frozen=True)
class FOMAMLConfig(MAMLConfig):
    """First-order MAML."""

    order: Literal[1, 2] = 1


@dataclass(frozen=True)
class ReptileConfig(AdaptingConfig, Suggesting):
    suggestions: ClassVar[tuple[Suggestion, ...]] = (SMALL_STEPS,)
    hidden: tuple[int, ...] = (64, 64)
    draws: int = 10
    trajectories: int = 10
    inner_steps: Annotated[Count, "Inner gradient steps."] = 10
    inner_lr: float = 0.02
    outer: Annotated[
        Literal["share", "adam"],
        "Outer step: a share of the way to the adapted parameters, or Adam with that difference "
        "as the gradient.",
    ] = "share"
    share: Annotated[NonNegativeFloat, "Initial share of the way, or Adam's learning rate."] = 1.0
    share_end: Annotated[NonNegativeFloat, "Share after `anneal` steps; linear."] = 0.0
    anneal: Annotated[PositiveInt, "Steps of the schedule of the share."] = 1000
    test_updates: int = 10
    test_shrink: float = 1.0
