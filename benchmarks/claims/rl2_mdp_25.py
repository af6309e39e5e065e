"""RL^2 (arXiv 1611.02779) on tabular MDPs of 25 episodes of 10 steps, as in `rl2_mdp`.

The paper's table gives 445.7, and 408.8 for posterior sampling with a prior mean of 0.
The bounds of RL^2 are targets that are not met: 387.5 and, with `--long` (40 minutes of a core),
424.6.
"""

from __future__ import annotations

from benchmarks.claims.claim import Claim
from benchmarks.claims.rl2_mdp import LONG_STEPS, STEPS, claims_of

EPISODES = 25
SAMPLING = (398.0, 406.0), (404.0, 413.0)


def claims() -> list[Claim]:
    return claims_of(STEPS, EPISODES, SAMPLING, 408.8)


def long_claims() -> list[Claim]:
    return claims_of(LONG_STEPS, EPISODES, SAMPLING, 430.0)
