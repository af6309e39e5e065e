"""Settings of PEARL. Filled from a TOML section.

Sources: Rakelly et al. 2019 (arXiv 1903.08254) and its authors' code: latent of 5, gamma .99 (.9
for sparse point robots), context from recent data. There rewards are scaled by 5, the KL's weight
is .1 and the temperature 1; with rewards as they are that is .1 / 25 = .004 and .2. There nets of
300 and 200, rate 3e-4, meta-batches of 16 tasks and 2,000 updates a step; sizes and rates here are
for minutes on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from openpoet.settings import Count, NonNegativeFloat, Sizes, Units

from ..parts.suggestions import LONG, Suggesting, Suggestion, discrete, long_trials
from .sac_config import SACConfig

_LONG = {
    "episodes": 2,
    # as the authors where the dynamics are hidden: they show in what follows an action
    "context_next": True,
    "kl": 0.001,
    "temperature": 0.02,
    "gamma": 0.99,
}
MOTION = Suggestion(
    f"with continuous actions, and trials of {LONG} steps or more",
    lambda spec: long_trials(spec) and not discrete(spec),
    # many updates with few transitions each, which are fast
    {
        **_LONG,
        "draws": 32,
        "context": 16,
        "batch": 8,
        "capacity": 8_000,
        "updates": 10_000,
    },
)
CONTROL = Suggestion(
    f"with discrete actions, and trials of {LONG} steps or more",
    lambda spec: long_trials(spec) and discrete(spec),
    {
        **_LONG,
        "hidden": (128, 128),
        "draws": 16,
        "context": 128,
        "batch": 64,
        "capacity": 10_000,
        "updates": 500,
    },
)
# With more, the entropy of the steps before an episode's end outweighs a reward of 1 at its end, so
# that the policy avoids the goal.
DISCRETE = Suggestion("with discrete actions", discrete, {"temperature": 0.05})


@dataclass(frozen=True)
class PEARLConfig(SACConfig, Suggesting):
    suggestions: ClassVar[tuple[Suggestion, ...]] = (MOTION, CONTROL, DISCRETE)
    latent: Annotated[Units, "Dimensions of the latent variable."] = 5
    encoder: Annotated[Sizes, "Units of each hidden layer of the context encoder."] = (64, 64)
    draws: Annotated[Count, "Training draws of the task; each has its own replay buffer."] = 20
    episodes: Annotated[
        Count,
        "Episodes of each draw per step: the first from the prior, later ones from the posterior.",
    ] = 3
    context: Annotated[
        Count, "Recent transitions of a draw that the encoder is given per update."
    ] = 64
    context_next: Annotated[bool, "Transitions of a context hold the next observation too."] = False
    kl: Annotated[NonNegativeFloat, "Weight of the latents' KL divergence from the prior."] = 0.004
    temperature: float = 0.2
    gamma: float = 0.9
    lr: float = 1e-3
    batch: Annotated[Count, "Transitions of each draw per update."] = 32
    capacity: Annotated[Count, "Transitions in the replay buffer of each draw."] = 2_000
    test_trials: Annotated[Count, "Trials per evaluation."] = 50
