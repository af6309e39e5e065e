"""Settings of VariBAD (arXiv 1910.08348), read from a TOML section."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from openpoet.settings import (
    CountOrZero,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Sizes,
    Units,
)

from .rl2_config import CONTROL, RL2Config

# what is hidden in long trials, of a body for example, shows in what follows an action
_CONTROL = {
    **CONTROL.values,
    "heads": (),
    "embed": 64,
    "policy": (64, 64),
    "decoder_input": "action",
    "predict_changes": True,
    "belief_steps": 16,
    # trained beliefs of walkers have a spread of .2 to .6
    "belief_unit": 0.5,
    # the encoder learns first and fast, then the policy on fixed beliefs
    "belief_lr": 1e-3,
    "belief_anneal": 400,
    "epochs": 10,
    "minibatches": 16,
    "lr": 3e-4,
    "lr_end": 3e-4,
    "action_std": 0.5,
}


@dataclass(frozen=True)
class VariBADConfig(RL2Config):
    """Sources: the authors' GridNavi and MuJoCo launchers.

    Sizes and learning rates are chosen for runs of minutes on a CPU.
    """

    suggestions = (replace(CONTROL, values=_CONTROL),)
    latent: Annotated[Units, "Dimensions of the latent variable m."] = 5
    policy: Annotated[Sizes, "Units of each hidden layer of policy and value."] = (64,)
    decoder: Annotated[
        Sizes, "Units of the decoder's hidden layers; the last is the size of its product."
    ] = (64, 32)
    decoder_input: Annotated[
        Literal["transition", "action"],
        "Inputs of the reward decoder: (s, a, s') or (s, a), with the latent.",
    ] = "transition"
    predict_changes: Annotated[
        bool, "Also decode the change of the observation: where the dynamics are hidden."
    ] = False
    initial_std: Annotated[
        PositiveFloat, "Initial standard deviation of the posterior; much wider ones train slowly."
    ] = 0.1
    belief_unit: Annotated[
        PositiveFloat | None,
        "The policy observes the means of beliefs divided by this; none: by initial_std.",
    ] = None
    kl: Annotated[
        NonNegativeFloat, "Weight of the KL divergence of each posterior from the one before."
    ] = 0.1
    belief_epochs: Annotated[
        PositiveInt, "Passes over a rollout that train encoder and decoder; `epochs`: the policy."
    ] = 2
    belief_lr: Annotated[
        PositiveFloat | None,
        "Initial learning rate of encoder and decoder; none: the policy's.",
    ] = None
    belief_anneal: Annotated[
        NonNegativeInt,
        "Updates over which the learning rate of encoder and decoder falls linearly to 0, since a "
        "policy learns slowly while its beliefs change; 0: it does not fall.",
    ] = 0
    belief_steps: Annotated[
        CountOrZero, "Random steps of a sequence whose beliefs are trained to predict; 0: all."
    ] = 0
    epochs: int = 6
    gamma: float = 0.95
    lam: float = 0.95
    value_weight: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.heads:
            raise ValueError(
                "heads is not supported by varibad, whose recurrent network gives a belief: set "
                "`policy`, the layers of its policy and value, instead"
            )
        if self.predict_changes and self.decoder_input != "action":
            raise ValueError(
                'predict_changes needs decoder_input = "action": (s, a, s\') holds the change'
            )
