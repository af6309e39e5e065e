"""Settings of VariBAD (arXiv 1910.08348), read from a TOML section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from openpoet.settings import NonNegativeFloat, PositiveFloat, PositiveInt, Sizes

from .rl2_config import CONTROL, RL2Config


@dataclass(frozen=True)
class VariBADConfig(RL2Config):
    """Sources: the authors' GridNavi and MuJoCo launchers.

    Sizes and learning rates are chosen for runs of minutes on a CPU.
    """

    suggestions = (CONTROL,)
    latent: Annotated[PositiveInt, "Dimensions of the latent variable m."] = 5
    policy: Annotated[Sizes, "Units of each hidden layer of policy and value."] = (64,)
    decoder: Annotated[
        Sizes, "Units of the decoder's hidden layers; the last is the size of its product."
    ] = (64, 32)
    decoder_input: Annotated[
        Literal["transition", "action"],
        "Inputs of the reward decoder: (s, a, s') or (s, a), with the latent.",
    ] = "transition"
    initial_std: Annotated[
        PositiveFloat, "Initial standard deviation of the posterior; much wider ones train slowly."
    ] = 0.1
    kl: Annotated[
        NonNegativeFloat, "Weight of the KL divergence of each posterior from the one before."
    ] = 0.1
    belief_epochs: Annotated[
        PositiveInt, "Passes over the trials that train encoder and decoder too."
    ] = 2
    epochs: int = 6
    gamma: float = 0.95
    lam: float = 0.95
    value_weight: float = 0.5
