"""What stays the same during a run: the constants of POET and Enhanced POET, and the parts a run is
made of.

Papers: arXiv 1901.01753 (POET), arXiv 2003.08536 (Enhanced POET). Their symbols stand in the
comments. Both algorithms are settings of one loop; the presets (cli/settings/presets/*.toml) give
the published values and where each is from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal

from .interfaces import Learner, TaskFamily

MOST = 10**6  # niches, children, and so on: settings may come from a stranger's archive
_CHOICES = {"novelty": ("parameters", "pata-ec"), "transfer_rule": ("poet", "epoet")}


@dataclass(frozen=True)
class PoetConfig:
    """Scores are returns in the family's own units. The defaults are those of the preset
    `epoet-paper`.
    """

    seed: int = 0  # of every random number of the run
    mutate_every: int = 150  # N_mutate, M [iterations]: between two reproductions; 0: never
    transfer_every: int = 25  # N_transfer, N [iterations]: between two rounds of transfer; 0: never
    pbt_every: int = 0  # [iterations]: between two rounds of population-based training; 0: never
    # of the agents are the best that are copied, and as many the worst that give way
    pbt_share: float = 0.2
    # a run begins with, all with the origin's task and each with its own newborn agent
    niches: int = 1
    capacity: int = 40  # niches alive at the same time; beyond it the oldest is retired
    reproduce_at: float = 200.0  # own score from which a niche may have children
    mc_low: float = 50.0  # minimal criterion: below it a task is too hard ...
    mc_high: float = 300.0  # ... above it too easy; both ends belong to the criterion
    # max_children: mutation trials a reproduction (not children that pass); POET's paper has 512
    children: int = 8
    max_admitted: int = 1  # niches born a reproduction
    neighbours: int = 5  # k of the novelty
    novelty: Literal["parameters", "pata-ec"] = "pata-ec"  # how far two tasks are apart
    # poet: beat the own score; epoet: direct gate, then the proposal
    transfer_rule: Literal["poet", "epoet"] = "epoet"
    # A niche must ask for adaptation: agents that adapt must do better after it by so much. None:
    # it need not.
    min_gain: float | None = None
    # own scores kept [iterations]; their maximum is the bar of transfer_rule "epoet"
    history: int = 5
    # score the retired agents in every newborn task too, where the novelty has not
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
        for name, (one, other) in _CHOICES.items():
            if getattr(self, name) not in (one, other):
                raise ValueError(
                    f"{name} must be {one!r} or {other!r}, got {getattr(self, name)!r}"
                )
        if self.mc_low > self.mc_high:
            raise ValueError(
                f"mc_low must not be above mc_high, got {self.mc_low} and {self.mc_high}"
            )


@dataclass(frozen=True)
class Setup:
    """All that a step of the engine needs and never changes."""

    family: TaskFamily
    learner: Learner
    config: PoetConfig

    def __post_init__(self) -> None:
        if self.config.pbt_every and not hasattr(self.learner, "explore"):
            raise ValueError(
                "--pbt (poet.pbt_every): this learner has no hyperparameters that its agents carry "
                "(no method "
                "`explore`); take one that has, such as rl2, or leave --pbt out"
            )
