"""The best known score of the last episode of a trial on each family's origin, with its source."""

from __future__ import annotations

import math
from dataclasses import dataclass

from openpoet.agents.offpolicy.diayn_config import DIAYNConfig


@dataclass(frozen=True)
class Known:
    """A score, and where it comes from."""

    score: float
    source: str


KNOWN = {
    "walker": Known(300.0, "Gymnasium's threshold of a solved BipedalWalker-v3"),
    "bandits": Known(5 / 6, "exact: the best of five arms, known (Bandits.oracle)"),
    "mdp": Known(21.9, "exact: value iteration with known tables (TabularMdps.oracle)"),
    "two-step": Known(15.3, "optimal filter, .765 a choice (Wang et al. 2016, arXiv 1611.05763)"),
    "navigation": Known(-0.25, "exact: the shortest path to a known goal (Navigation.oracle)"),
    "maze": Known(0.9625, "exact: the shortest path to a known goal (Mazes.oracle)"),
    "gridnavi": Known(13.6, "exact: the shortest path to a known goal (GridNavi.oracle)"),
    "regression": Known(0.0, "exact: forty labels without noise determine six coefficients"),
    "plant": Known(-1.0, "exact: a known gain (Plants.oracle)"),
    "cartpole": Known(200.0, "the horizon (CartPole.oracle)"),
    "grid": Known(0.991, "exact: the shortest path (Grids.oracle)"),
    "barcode": Known(4.5, "exact: known arms (BarcodeBandits.oracle)"),
    "random-rewards": Known(
        27.7, "bound: log 4 in each of 20 steps; no policy need reach it (arXiv 1806.04640)"
    ),
}

# Upper bounds for learners whose score is not a return of the family; random actions score 0.
OWN_SCORES = {"diayn": math.log(DIAYNConfig().skills)}


def best_known(learner: str, family: str) -> float:
    """The best known score of a pair."""
    return OWN_SCORES[learner] if learner in OWN_SCORES else KNOWN[family].score
