"""Settings of DIAYN. Filled from a TOML section.

Sources: Eysenbach et al. 2018 (arXiv 1802.06070) and its authors' code: temperature .1, tau .01,
gamma .99. There 50 skills, nets of 300-300, batches of 128, rate 3e-4, an update a step of the
environment and a thousand steps an episode; sizes and rates here are for minutes on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .sac_config import SACConfig


@dataclass(frozen=True)
class DIAYNConfig(SACConfig):
    skills: int = 4
    discriminator: tuple[int, ...] = (32,)  # its hidden units
    # the state after an action, as the paper; before, as its code
    scores: Literal["next", "current"] = "next"
    add_p_z: bool = True  # less log p(z), so that a state that says nothing about the skill pays 0
    episodes: int = 16  # episodes a step, each with a skill of its own
    test_trials: int = 64  # of an evaluation

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.skills < 2:
            raise ValueError(
                "skills must be at least 2: there must be something to tell apart, "
                f"got {self.skills}"
            )
        if min(self.episodes, self.test_trials) < 1:
            raise ValueError(
                f"episodes and test_trials must be at least 1, got {self.episodes} and "
                f"{self.test_trials}"
            )
        if not (self.discriminator and min(self.discriminator) >= 1):
            raise ValueError(
                f"discriminator must be sizes of at least 1, got {list(self.discriminator)}"
            )
