"""Every task family, with settings for each of its encodings, small enough to simulate in a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from envs.bandits import Bandits, BanditSettings
from envs.barcode import BarcodeBandits
from envs.cartpole import CartPole
from envs.discriminated import Discriminated, DiscriminatedSettings
from envs.grid import Grids
from envs.gridnavi import GridNavi
from envs.maze import Mazes
from envs.mdp import TabularMdps
from envs.navigation import Navigation
from envs.plant import Plants
from envs.randomised import Randomised
from envs.regression import Regression, RegressionSettings
from envs.two_step import TwoStep
from envs.walker.family import Walker, WalkerSettings

ALL = ("stump", "pit", "roughness", "stairs")

FAMILIES: dict[str, Callable[[], Any]] = {
    "walker": lambda: Walker(WalkerSettings(horizon=30, obstacles=ALL)),
    "walker dcd": lambda: Walker(WalkerSettings(horizon=30, obstacles=ALL, layout="dcd", seeds="life", length=60)),
    "walker cppn": lambda: Walker(WalkerSettings(horizon=30, encoding="cppn", terrain="reference")),
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
    "random-rewards niche": lambda: Discriminated(DiscriminatedSettings(skill="niche", hidden=(4,))),
    "randomised": lambda: Randomised(Navigation(), {"distance": [0.2, 0.4]}),
    "randomised walker": lambda: Randomised(Walker(WalkerSettings(horizon=30, obstacles=ALL))),
}
for kind in ("independent", "dependent", "eleven", "restless"):
    FAMILIES[f"bandits {kind}"] = lambda kind=kind: Bandits(BanditSettings(kind))
for kind in ("quadratic", "sine"):
    FAMILIES[f"regression {kind}"] = lambda kind=kind: Regression(RegressionSettings(kind))
