"""What stays the same during a run: the settings of POET and Enhanced POET, and the parts a run is
made of.

Papers: arXiv 1901.01753 (POET), arXiv 2003.08536 (Enhanced POET); the comments give their symbols.
Both algorithms are settings of one loop; the presets (cli/settings/presets/*.toml) give the
published values and their sources.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Interval

from openpoet.settings import NonNegativeInt, Settings

from .interfaces import Learner, Task, TaskFamily
from .novelty import Novelty, ParameterNovelty, PataEc
from .transfer import GatedTransfer, NoTransfer, PoetTransfer, TransferRule

MOST = 10**6  # settings may come from another person's archive
Count = Annotated[int, Interval(ge=1, le=MOST)]
Seed = Annotated[int, Interval(ge=0, le=2**63 - 1)]
Share = Annotated[float, Interval(gt=0, le=0.5)]
NoveltyName = Literal["parameters", "standardised", "pata-ec"]
Order = Literal["novelty", "difficulty", "distance", "balanced"]
TransferName = Literal["poet", "epoet", "none"]
FROM_CONFIG: Any = None  # in a new Setup: the part that the settings name


@dataclass(frozen=True)
class PoetConfig(Settings):
    """Section [poet]. Scores are returns in the family's units. Defaults: preset `epoet-paper`."""

    seed: Annotated[Seed, "Seed of every random number of the run."] = 0
    # N_mutate of POET, M of Enhanced POET
    mutate_every: Annotated[NonNegativeInt, "Iterations between reproductions; 0: never."] = 150
    # N_transfer of POET, N of Enhanced POET
    transfer_every: Annotated[NonNegativeInt, "Iterations between transfers; 0: never."] = 25
    pbt_every: Annotated[
        NonNegativeInt, "Iterations between rounds of population-based training; 0: never."
    ] = 0
    pbt_share: Annotated[
        Share, "Share of the agents that are copied in a round, and that are replaced."
    ] = 0.2
    niches: Annotated[
        Count, "Niches at the start, each with the origin's task and a new agent."
    ] = 1
    capacity: Annotated[Count, "Largest number of active niches; the oldest are retired."] = 40
    reproduce_at: Annotated[float, "Score from which a niche may reproduce."] = 200.0
    reproduce_after: Annotated[
        Count, "Latest own scores of a niche that must all reach reproduce_at; at most `history`."
    ] = field(default=1, metadata={"written": False})  # not in older runs
    keep_parent: Annotated[
        bool, "Do not retire the youngest niche that may reproduce while no other one may."
    ] = field(default=False, metadata={"written": False})  # not in older runs
    patience: Annotated[
        NonNegativeInt,
        "Iterations for which births wait while a niche that they would retire is younger and has "
        "not reached reproduce_at.",
    ] = field(default=0, metadata={"written": False})  # not in older runs
    mc_low: Annotated[float, "Minimal criterion: lowest score that is not too hard."] = 50.0
    mc_high: Annotated[float, "Minimal criterion: highest score that is not too easy."] = 300.0
    # max_children. It counts mutations tried, not children that pass; POET's paper has 512.
    children: Annotated[Count, "Mutations tried in a reproduction."] = 8
    max_admitted: Annotated[Count, "Largest number of new niches in a reproduction."] = 1
    neighbours: Annotated[Count, "k of the novelty: mean distance to the k nearest tasks."] = 5
    novelty: Annotated[
        NoveltyName,
        "Distance between tasks: of their parameters, of these in units of their standard "
        "deviation over all tasks, or of the ranks of agents' scores (PATA-EC).",
    ] = "pata-ec"
    order: Annotated[
        Order,
        "Which viable children are born first. novelty: the most novel; difficulty: those that "
        "are hardest for all agents; distance: farthest from the first task; balanced: in all "
        "parameters far from it.",
    ] = field(default="novelty", metadata={"written": False})  # not in older runs
    transfer_rule: Annotated[
        TransferName,
        "What replaces a niche's agent. poet: the best above its last score. epoet: an agent that "
        "exceeds its best recent score as it is and, after training there, once more. none: "
        "nothing, at birth too.",
    ] = "epoet"
    min_gain: Annotated[
        float | None, "Smallest gain in score by adaptation that a task must have; none: any."
    ] = None
    history: Annotated[Count, "Own scores kept; their maximum is what epoet compares with."] = 5
    measure_annecs: Annotated[
        bool, "Score retired agents in every new task too, which ANNECS needs."
    ] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        # More births than places would retire a new niche before its agent has learned in it.
        for name, limit in (
            ("niches", "capacity"),
            ("max_admitted", "capacity"),
            ("max_admitted", "children"),
            ("reproduce_after", "history"),
            ("mc_low", "mc_high"),
        ):
            if (value := getattr(self, name)) > (most := getattr(self, limit)):
                raise ValueError(f"{name} must not be above {limit}, got {value} and {most}")
        if self.keep_parent and self.max_admitted >= self.capacity:
            raise ValueError(
                "keep_parent needs max_admitted below capacity, so that a niche that is kept does "
                f"not make a newborn retire, got {self.max_admitted} and {self.capacity}"
            )


def variants(config: PoetConfig) -> tuple[Novelty, TransferRule]:
    """The measure of novelty and the transfer rule that the settings name."""
    novelties: dict[NoveltyName, Novelty] = {
        "parameters": ParameterNovelty(config.neighbours),
        "standardised": ParameterNovelty(config.neighbours, standardised=True),
        "pata-ec": PataEc(config.neighbours, config.mc_low, config.mc_high),
    }
    rules: dict[TransferName, TransferRule] = {
        "poet": PoetTransfer(),
        "epoet": GatedTransfer(),
        "none": NoTransfer(),
    }
    return novelties[config.novelty], rules[config.transfer_rule]


@dataclass(frozen=True)
class Injected:
    """A task from outside that is a candidate of a reproduction. source: where it came from."""

    task: Task
    source: str


def none_injected(iteration: int) -> Sequence[Injected]:
    return ()


@dataclass(frozen=True)
class Setup:
    """The parts of a run, which no step of the engine changes.

    Novelty and transfer rule are objects, so that a run can use others; by default they are made
    from `config`. `dataclasses.replace(setup, config=...)` keeps the objects of `setup`.

    injected: function of a reproduction's iteration -> its candidates from outside, the same at
    each call.
    """

    family: TaskFamily
    learner: Learner
    config: PoetConfig
    novelty: Novelty = FROM_CONFIG
    transfer: TransferRule = FROM_CONFIG
    injected: Callable[[int], Sequence[Injected]] = none_injected

    def __post_init__(self) -> None:
        for name, default in zip(("novelty", "transfer"), variants(self.config), strict=True):
            if getattr(self, name) is FROM_CONFIG:
                object.__setattr__(self, name, default)
        if self.config.pbt_every and not hasattr(self.learner, "explore"):
            raise ValueError(
                "poet.pbt_every: this learner has no hyperparameters that its agents carry (no "
                "method `explore`); take one that has, such as rl2, or leave pbt_every at 0"
            )
