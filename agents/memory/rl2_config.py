"""Settings of RL^2, read from a TOML section.

Sources: Duan et al. 2016 (arXiv 1611.02779) and the authors' launchers: GRU, gamma .99, lambda .3.
Sizes and learning rates are chosen for runs of minutes on a CPU; those of bandits depend on the
length of a trial alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from openpoet.settings import (
    Count,
    CountOrZero,
    Device,
    Layers,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    Units,
    UnitsOrZero,
)

from ..parts.suggestions import LONG, Suggesting, Suggestion, long_trials, trial_steps
from ..ppo.config import PPOSettings
from ..rollouts.trials import RewardInput

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Spec

WITHOUT_OBSERVATIONS = Suggestion(
    "without observations",
    lambda spec: spec.observation_size == 0,
    {
        "last_observation": True,
        "tabular": True,
        "input_gain": 3.0,
        "remember": 20,
        "trials": 64,
        "gamma": 0.95,
        "entropy": 0.005,
        "entropy_end": 0.005,
        "lr_end": 5e-4,
        "test_actions": "mode",
    },
)
_BY_ACTION = {
    "by_action": True,
    "input_gain": 3.0,
    "minibatches": 8,
    # the authors' is .3, for which the values of short trials are learned too late
    "lam": 0.9,
    # so that the values are of about the size of the policy's gradients
    "reward_scale": 0.05,
    "lr_end": 1e-4,
    "entropy": 0.01,
    "entropy_end": 0.0,
    "anneal": 240,
    "test_actions": "mode",
}


def _by_action(steps: int, **values: float) -> Suggestion:
    """For trials of at least so many steps."""

    def applies(spec: Spec) -> bool:
        discrete = getattr(spec, "discrete", False)
        return discrete and not spec.observation_size and trial_steps(spec) >= steps

    families = f"with discrete actions, without observations, and trials of {steps} steps or more"
    return Suggestion(families, applies, {**_BY_ACTION, **values})


BY_ACTION = (
    _by_action(LONG, trials=64, hidden=64, gamma=0.99),
    _by_action(50, trials=256, hidden=64, gamma=0.99),
    _by_action(1, trials=256, hidden=32, gamma=0.98),
)
LARGEST_PRODUCT = 256  # pairs of observation and action that have weights of their own
STATES = Suggestion(
    f"with discrete actions, one-hot observations, at most {LARGEST_PRODUCT} pairs of the two, and "
    f"trials of less than {LONG} steps",
    lambda spec: (
        getattr(spec, "one_hot", False)
        and getattr(spec, "discrete", False)
        and spec.observation_size * spec.action_size <= LARGEST_PRODUCT
        and not long_trials(spec)
    ),
    {
        "last_observation": True,
        "tabular": True,
        "input_gain": 3.0,
        "epochs": 2,
        "minibatches": 8,
        "gamma": 0.9,
        "reward_scale": 0.3,
        "max_gradient": 1.0,
        "lr": 3e-3,
        "lr_end": 3e-3,
        "entropy": 0.005,
        "entropy_end": 0.005,
    },
)
CONTROL = Suggestion(
    f"whose trials have {LONG} steps or more",
    long_trials,
    {
        "heads": (64, 64),
        "trials": 64,
        "steps": 256,
        # as many as steps: what is hidden shows early in a trial and is needed throughout
        "bptt": 256,
        "stagger": True,
        "rollouts": 16,
        "gamma": 0.99,
        "lam": 0.95,
        "epochs": 5,
        "minibatches": 8,
        "lr": 5e-4,
        "lr_end": 5e-4,
        "entropy": 0.0,
        "entropy_end": 0.0,
        "std_floor": 0.3,
        "value_weight": 0.5,
        "chrono_init": False,
        "normalise_observations": True,
        "normalise_rewards": True,
        "reward_gain": 10.0,
        "test_actions": "mode",
    },
)
SUGGESTIONS = (*BY_ACTION, WITHOUT_OBSERVATIONS, STATES, CONTROL)


@dataclass(frozen=True)
class RL2Config(PPOSettings, Suggesting):
    """Settings of `RL2`."""

    cell: Annotated[Literal["gru", "lstm"], "Recurrent cell."] = "gru"
    hidden: Annotated[Units, "Units of the recurrent layer."] = 64
    # a network's size that population-based training may change
    units: Annotated[UnitsOrZero, "Units in use, at most `hidden`; 0: all."] = 0
    chrono_init: Annotated[
        bool, "Chrono initialisation: units remember for up to `remember` steps."
    ] = True
    remember: Annotated[
        PositiveInt | None, "Longest initial memory of a unit, in steps; none: one trial."
    ] = None
    embed: Annotated[UnitsOrZero, "Units of a layer before the recurrent one; 0: none."] = 0
    heads: Annotated[
        Layers,
        "Units of each hidden layer of the actor and of the critic after the recurrent layer, with "
        "its inputs beside its outputs; empty: both are linear in its outputs.",
    ] = ()
    input_gain: Annotated[
        PositiveFloat, "Gain of the initial input weights; about 4 for one-hot observations."
    ] = 1.0
    # rewards are scaled by the size of returns, which leaves those of single steps too small to see
    reward_gain: Annotated[
        NonNegativeFloat,
        "g: the last reward r is the input sign(r) log(1 + g abs(r)); 0: it is r as scaled in "
        "training.",
    ] = 0.0
    reward_input: Annotated[
        RewardInput,
        "The reward as an input. step: that of the last step. episode: the return of the episode "
        "before, and 0 in the first one, so that what is rewarded is found out between episodes.",
    ] = field(default="step", metadata={"written": False})  # not in older runs
    last_observation: Annotated[
        bool, "Input the previous observation too, beside its action and reward."
    ] = False
    tabular: Annotated[
        bool, "Input outer products of one-hot observations; needs last_observation."
    ] = False
    by_action: Annotated[
        bool,
        "A copy of the recurrent units for every action, with shared weights; for discrete actions "
        "without observations.",
    ] = False
    trials: Annotated[Count, "Trials side by side in training."] = 256
    steps: Annotated[CountOrZero, "Steps of each trial in a rollout; 0: whole trials."] = 0
    bptt: Annotated[
        Count,
        "Steps of truncated backpropagation through time, where rollouts have `steps`.",
    ] = 32
    episodes: Annotated[Count | None, "Episodes of a trial; none: the family's."] = None
    # .3: the authors' for bandits and MDPs; .95 to .99 where rewards are far away
    stagger: Annotated[
        bool,
        "Cut one trial of each row, in each row at another step, so that afterwards a rollout has "
        "trials of all ages; where rollouts have `steps`.",
    ] = False
    lam: float = 0.3
    epochs: int = 3
    minibatches: int = 4
    lr: float = 2e-3
    lr_end: float = 2e-3
    entropy: float = 0.02
    entropy_end: float = 0.02
    anneal: int = 400
    value_weight: float = 0.25
    rollouts: int = 1
    normalise_observations: bool = False
    normalise_rewards: bool = False
    test_trials: Annotated[
        Count,
        "Trials per evaluation; 1 in a deterministic family under its most likely actions.",
    ] = 64
    test_episodes: Annotated[Count, "Last episodes of a trial, whose mean is the score."] = 1
    test_actions: Annotated[
        Literal["sampled", "mode"], "Actions of an evaluation: sampled, or the most likely."
    ] = "sampled"
    device: Annotated[Device, "Device of the networks."] = "cpu"

    suggestions: ClassVar[tuple[Suggestion, ...]] = SUGGESTIONS

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.units > self.hidden:
            raise ValueError(f"units must be at most hidden, got {self.units} and {self.hidden}")
        if self.tabular and self.heads:
            raise ValueError("tabular has a read-out of its own: set heads = []")
        if self.tabular and not self.last_observation:
            raise ValueError(
                "tabular needs last_observation = true: an action's outcome is attributed to the "
                "observation before it"
            )
        if self.tabular and self.normalise_observations:
            raise ValueError(
                "tabular needs one-hot observations: set normalise_observations = false"
            )
        if self.by_action and (self.tabular or self.heads or self.embed):
            raise ValueError(
                "by_action has inputs and a read-out of its own: set tabular = false, heads = [] "
                "and embed = 0"
            )
        self._check_sequences()

    def _check_sequences(self) -> None:
        if not self.steps and self.trials % self.minibatches:
            raise ValueError(
                f"trials must be a multiple of minibatches, got {self.trials} and "
                f"{self.minibatches}"
            )
        if self.steps % self.bptt:
            raise ValueError(f"steps must be a multiple of bptt, got {self.steps} and {self.bptt}")
        if self.steps and self.minibatches > self.trials * self.steps // self.bptt:
            raise ValueError(
                f"minibatches must be at most {self.trials * self.steps // self.bptt}, the "
                f"sequences of a rollout, got {self.minibatches}"
            )
