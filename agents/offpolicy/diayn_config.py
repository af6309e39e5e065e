"""Settings of DIAYN. Filled from a TOML section.

Sources: Eysenbach et al. 2018 (arXiv 1802.06070) and its authors' code: temperature .1, tau .01,
gamma .99. There 50 skills, nets of 300-300, batches of 128, rate 3e-4, an update a step of the
environment and a thousand steps an episode; sizes and rates here are for minutes on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval

from openpoet.settings import MOST_UNITS, Count, Sizes

from .sac_config import SACConfig


@dataclass(frozen=True)
class DIAYNConfig(SACConfig):
    skills: Annotated[int, Interval(ge=2, le=MOST_UNITS), "Skills."] = 4
    discriminator: Annotated[Sizes, "Units of each hidden layer of the discriminator."] = (32,)
    scores: Annotated[
        Literal["next", "current"],
        "Discriminated state: after the action, as in the paper, or before, as in its code.",
    ] = "next"
    add_p_z: Annotated[
        bool, "Subtract log p(z): a state without information about the skill has reward 0."
    ] = True
    episodes: Annotated[Count, "Episodes per improvement step, each with its own skill."] = 16
    test_trials: Annotated[Count, "Episodes per evaluation; at least one a skill."] = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.test_trials < self.skills:
            raise ValueError(
                f"test_trials must be at least the {self.skills} skills, got {self.test_trials}: "
                "the score is a mean over all of them"
            )
