"""Niches, the population, and what happens to them: every value here is frozen, every change makes a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .interfaces import Agent, Task

Outcome = Literal[
    "admitted",
    "duplicate",  # an active niche has the same task parameters
    "too hard",  # first minimal criterion: the parent's agent scored below mc_low
    "too easy",  # first minimal criterion: above mc_high
    "crowded",  # passed, but the places of this reproduction went to more novel siblings
    "too hard after transfer",  # second minimal criterion, with the best of all agents
    "too easy after transfer",
]


@dataclass(frozen=True)
class Niche:
    """One task and the agent that lives in it."""

    id: int
    parent: int | None  # the niche whose task was mutated; None for the origin and for seeded niches
    born: int  # iteration
    task: Task
    agent: Agent
    scores: tuple[float, ...] = ()  # its agent's last self-scores, newest last
    best: float | None = None  # best self-score ever
    solved: int | None = None  # iteration at which it was first solved
    novelty: float | None = None  # at birth
    viable_to_all: bool = False  # at birth the best of all agents ever met the minimal criterion (ANNECS, paper)
    viable_to_retired: bool = False  # the same over retired agents only (ANNECS as the reference code counts it)
    died: int | None = None  # iteration of retirement
    source: str | None = None  # where a seeded niche came from, e.g. "runs/a#12"


@dataclass(frozen=True)
class Child:
    """A candidate task, kept whatever became of it."""

    id: int  # counts candidates over the whole run
    iteration: int
    parent: int
    task: Task
    outcome: Outcome
    score: float | None  # of the parent's agent in it (first minimal criterion); None if never tried
    novelty: float | None
    niche: int | None  # the niche it became


@dataclass(frozen=True)
class Transfer:
    """An agent tried in a niche, or in a child about to be born."""

    iteration: int
    kind: Literal["direct", "proposal"]
    source: int  # niche whose agent was tried
    target: int  # niche id, or child id if at_birth
    at_birth: bool
    score: float
    bar: float | None  # what it had to beat; None at birth, where only the minimal criterion counts
    accepted: bool
    steps: int


Event = Child | Transfer


@dataclass(frozen=True)
class Population:
    """All that changes in a run. `events` are those of the last iteration only; the archive has kept the earlier ones."""

    iteration: int  # iterations completed
    active: tuple[Niche, ...]  # oldest first
    retired: tuple[Niche, ...] = ()  # oldest first; agents kept
    niches_born: int = 0  # next niche id
    children_tried: int = 0  # next child id
    events: tuple[Event, ...] = ()
    # PATA-EC scores that can never change, {(agent's niche, task's niche): score}; agent retired
    scores_of_retired: Mapping[tuple[int, int], float] = field(default_factory=dict)
