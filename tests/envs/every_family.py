"""Every task family, with settings for each of its encodings, small enough to simulate in a
moment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openpoet.envs.bandits import Bandits, BanditSettings
from openpoet.envs.barcode import BarcodeBandits
from openpoet.envs.cartpole import CartPole
from openpoet.envs.discriminated import Discriminated, DiscriminatedSettings
from openpoet.envs.grid import Grids
from openpoet.envs.gridnavi import GridNavi
from openpoet.envs.maze import Mazes
from openpoet.envs.mdp import TabularMdps
from openpoet.envs.navigation import Navigation
from openpoet.envs.plant import Plants
from openpoet.envs.randomised import Randomised
from openpoet.envs.regression import Regression, RegressionSettings
from openpoet.envs.two_step import TwoStep
from openpoet.envs.walker.body_genes import PROBABILITIES, RANGES
from openpoet.envs.walker.family import Walker, WalkerSettings

ALL = ("stump", "pit", "roughness", "stairs")

FAMILIES: dict[str, Callable[[], Any]] = {
    "walker": lambda: Walker(WalkerSettings(horizon=30, obstacles=ALL)),
    "walker dcd": lambda: Walker(
        WalkerSettings(horizon=30, obstacles=ALL, layout="dcd", seeds="episode", length=60)
    ),
    "walker cppn": lambda: Walker(WalkerSettings(horizon=30, encoding="cppn", terrain="reference")),
    "walker body": lambda: Walker(
        WalkerSettings(horizon=20, body_mutates=(*PROBABILITIES, *RANGES))
    ),
    "mdp": TabularMdps,
    "two-step": TwoStep,
    "navigation": Navigation,
    "maze": Mazes,
    "gridnavi": GridNavi,
    "plant": Plants,
    "cartpole": CartPole,
    "grid": Grids,
    "barcode": BarcodeBandits,
    "random-rewards": Discriminated,
    "random-rewards niche": lambda: Discriminated(
        DiscriminatedSettings(skill="niche", hidden=(4,))
    ),
    "randomised": lambda: Randomised(Navigation(), {"distance": [0.2, 0.4]}),
    "randomised walker": lambda: Randomised(Walker(WalkerSettings(horizon=30, obstacles=ALL))),
}
for kind in ("independent", "dependent", "eleven", "restless"):
    FAMILIES[f"bandits {kind}"] = lambda kind=kind: Bandits(BanditSettings(kind))
for kind in ("quadratic", "sine"):
    FAMILIES[f"regression {kind}"] = lambda kind=kind: Regression(RegressionSettings(kind))
