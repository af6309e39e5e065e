"""What stays the same during a run: the settings of POET and Enhanced POET, and the parts a run is
made of.

Papers: arXiv 1901.01753 (POET), arXiv 2003.08536 (Enhanced POET); the comments give their symbols.
Both algorithms are settings of one loop; the presets (cli/settings/presets/*.toml) give the
published values and their sources.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from .interfaces import Learner, TaskFamily
from .novelty import Novelty, ParameterNovelty, PataEc
from .transfer import GatedTransfer, PoetTransfer, TransferRule

MOST = 10**6  # niches, children, and so on: settings may come from a stranger's archive
NoveltyName = Literal["parameters", "pata-ec"]
TransferName = Literal["poet", "epoet"]
FROM_CONFIG: Any = None  # in a new Setup: the part that the settings name


@dataclass(frozen=True)
class PoetConfig:
    """Scores are returns in the family's own units. The defaults are those of the preset
    `epoet-paper`.
    """

    seed: int = 0  # of every random number of the run
    mutate_every: int = 150  # N_mutate, M [iterations]: between two reproductions; 0: never
    transfer_every: int = 25  # N_transfer, N [iterations]: between two rounds of transfer; 0: never
    pbt_every: int = 0  # [iterations]: between two rounds of population-based training; 0: never
    # share of the agents that are replaced in a round, and of those that are copied
    pbt_share: float = 0.2
    # niches a run begins with, each with the origin's task and its own newborn agent
    niches: int = 1
    capacity: int = 40  # active niches; beyond it the oldest is retired
    reproduce_at: float = 200.0  # own score from which a niche may have children
    mc_low: float = 50.0  # minimal criterion: below it a task is too hard ...
    mc_high: float = 300.0  # ... above it too easy; both bounds are inclusive
    # max_children: mutation trials a reproduction (not children that pass); POET's paper has 512
    children: int = 8
    max_admitted: int = 1  # niches born a reproduction
    neighbours: int = 5  # k of the novelty
    novelty: NoveltyName = "pata-ec"  # how the distance between two tasks is measured
    # poet: the best agent above the latest own score; epoet: a proposal, if both it and the agent
    # as it is exceed the best of the last own scores
    transfer_rule: TransferName = "epoet"
    # Least gain from adaptation in a new niche, for agents that adapt; None: no minimum.
    min_gain: float | None = None
    # own scores kept [iterations]; their maximum is the bar of transfer_rule "epoet"
    history: int = 5
    # evaluate the retired agents in every newborn task too, if the novelty has not done so
    measure_annecs: bool = True

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{field.name} must be finite, got {value}")
        for name in ("niches", "capacity", "children", "max_admitted", "neighbours", "history"):
            if not 1 <= getattr(self, name) <= MOST:
                raise ValueError(f"{name} must be from 1 to {MOST}, got {getattr(self, name)}")
        for name in ("mutate_every", "transfer_every", "pbt_every", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)}")
        if self.seed >= 2**63:
            raise ValueError(f"seed must be below 2**63, got {self.seed}")
        # More births than places would retire a newborn niche before its agent has learned in it.
        for name, limit in (
            ("niches", "capacity"),
            ("max_admitted", "capacity"),
            ("max_admitted", "children"),
        ):
            if (value := getattr(self, name)) > (most := getattr(self, limit)):
                raise ValueError(f"{name} must not be above {limit}, got {value} and {most}")
        if not 0 < self.pbt_share <= 0.5:
            raise ValueError(f"pbt_share must be above 0 and at most 0.5, got {self.pbt_share}")
        for name, kind in (("novelty", NoveltyName), ("transfer_rule", TransferName)):
            if (value := getattr(self, name)) not in (choices := get_args(kind)):
                raise ValueError(f"{name} must be {' or '.join(map(repr, choices))}, got {value!r}")
        if self.mc_low > self.mc_high:
            raise ValueError(
                f"mc_low must not be above mc_high, got {self.mc_low} and {self.mc_high}"
            )


def variants(config: PoetConfig) -> tuple[Novelty, TransferRule]:
    """The measure of novelty and the transfer rule that the settings name."""
    novelties: dict[NoveltyName, Novelty] = {
        "parameters": ParameterNovelty(config.neighbours),
        "pata-ec": PataEc(config.neighbours, config.mc_low, config.mc_high),
    }
    rules: dict[TransferName, TransferRule] = {"poet": PoetTransfer(), "epoet": GatedTransfer()}
    return novelties[config.novelty], rules[config.transfer_rule]


@dataclass(frozen=True)
class Setup:
    """The parts of a run, which no step of the engine changes.

    Novelty and transfer rule are objects, so that a run can use others; by default they are made
    from `config`. `dataclasses.replace(setup, config=...)` keeps the objects of `setup`.
    """

    family: TaskFamily
    learner: Learner
    config: PoetConfig
    novelty: Novelty = FROM_CONFIG
    transfer: TransferRule = FROM_CONFIG

    def __post_init__(self) -> None:
        for name, default in zip(("novelty", "transfer"), variants(self.config), strict=True):
            if getattr(self, name) is FROM_CONFIG:
                object.__setattr__(self, name, default)
        if self.config.pbt_every and not hasattr(self.learner, "explore"):
            raise ValueError(
                "poet.pbt_every: this learner has no hyperparameters that its agents carry (no "
                "method `explore`); take one that has, such as rl2, or leave pbt_every at 0"
            )
