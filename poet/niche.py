"""Niches, the population, and what happens to them: every value here is frozen, every change makes
a new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from .interfaces import Agent, Task
from .streams import Key

Outcome = Literal[
    "admitted",
    # an active niche, or an earlier child of this reproduction, has the same task parameters
    "duplicate",
    "too hard",  # first minimal criterion: the parent's agent scored below mc_low
    "too easy",  # first minimal criterion: above mc_high
    "crowded",  # passed, but the places of this reproduction went to more novel siblings
    "too hard after transfer",  # second minimal criterion, with the best of all agents
    "too easy after transfer",
    # first minimal criterion: adapting was not worth min_gain (only with agents that adapt)
    "no gain",
    "no gain after transfer",
]


@dataclass(frozen=True)
class Score:
    """The result of one evaluation of an agent in a task, and the random stream it was made on."""

    value: float
    solved: bool
    before: float | None  # the score before adaptation; None if agents do not adapt
    key: Key


@dataclass(frozen=True)
class Niche:
    """One task and the agent that lives in it."""

    id: int
    # the niche whose task was mutated; None for the origin and for seeded niches
    parent: int | None
    born: int  # iteration, counted from 1; 0: in the first population
    task: Task
    agent: Agent
    scores: tuple[float, ...] = ()  # its agent's last self-scores, newest last
    # the stream of the last of them; on it the agent has that score again
    score_key: Key | None = None
    # the last self-score before adaptation; None if agents do not adapt
    before: float | None = None
    best: float | None = None  # best self-score ever
    solved: int | None = None  # iteration at which it was first solved
    novelty: float | None = None  # at birth
    # At birth the best of all agents ever met the minimal criterion (ANNECS, paper); False where it
    # was not measured.
    viable_to_all: bool = False
    # the same over retired agents only (ANNECS as the reference code counts it)
    viable_to_retired: bool = False
    died: int | None = None  # iteration of retirement: its last score is of the iteration before
    source: str | None = None  # where a seeded niche came from, e.g. "runs/a#12"

    def improved(self, agent: Agent, score: Score, *, iteration: int, history: int) -> Niche:
        """The niche after its own agent's step: the score joins the last `history` ones."""
        return self._scored(agent, score, iteration, (*self.scores, score.value)[-history:])

    def taken_over(self, agent: Agent, score: Score, *, iteration: int) -> Niche:
        """The niche after an accepted transfer: this iteration's score is now the new agent's.

        Differs: the Enhanced POET code leaves the old agent's score in place, so that a second
        transfer can be accepted against a bar that the first has already raised (B22).
        """
        return self._scored(agent, score, iteration, (*self.scores[:-1], score.value))

    def _scored(
        self, agent: Agent, score: Score, iteration: int, scores: tuple[float, ...]
    ) -> Niche:
        return replace(
            self,
            agent=agent,
            scores=scores,
            score_key=score.key,
            before=score.before,
            best=score.value if self.best is None else max(self.best, score.value),
            solved=iteration if score.solved and self.solved is None else self.solved,
        )


@dataclass(frozen=True)
class Child:
    """A candidate task, kept whatever became of it."""

    id: int  # counts candidates over the whole run
    iteration: int
    parent: int
    task: Task
    outcome: Outcome
    # of the parent's agent in it (first minimal criterion); None if never tried
    score: float | None
    novelty: float | None
    niche: int | None  # the niche it became


Kind = Literal[
    "direct",
    "proposal",
    "exploit",  # population-based training: taken with its hyperparameters, which then changed
]


@dataclass(frozen=True)
class Transfer:
    """An agent tried in a niche, or in a child about to be born."""

    iteration: int
    kind: Kind
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
    """All that changes in a run. `events` are those of the last iteration; the archive keeps the
    earlier ones.
    """

    iteration: int  # iterations completed, or, within one, its number
    active: tuple[Niche, ...]  # oldest first
    retired: tuple[Niche, ...] = ()  # oldest first; agents kept
    niches_born: int = 0  # next niche id
    children_tried: int = 0  # next child id
    events: tuple[Event, ...] = ()
    # PATA-EC scores that can never change, {(agent's niche, task's niche): score}; agent retired
    scores_of_retired: Mapping[tuple[int, int], float] = field(default_factory=dict)

    @property
    def niches(self) -> tuple[Niche, ...]:
        """All niches ever: the retired, then the active, so by age."""
        return self.retired + self.active

    @property
    def annecs(self) -> int:
        """Accumulated number of novel environments created and solved, by the paper's definition
        (2003.08536).

        A niche counts if at its birth the best score of all agents ever, retired and active, met
        the minimal criterion, and it has been solved since.
        """
        return sum(niche.viable_to_all and niche.solved is not None for niche in self.niches)

    @property
    def annecs_reference(self) -> int:
        """What the Enhanced POET code calls ANNECS (B5): only retired agents asked, and solving not
        asked for.
        """
        return sum(niche.viable_to_retired for niche in self.niches)

    def with_active(self, niches: tuple[Niche, ...], events: tuple[Event, ...] = ()) -> Population:
        """The active niches changed, and what happened to them noted."""
        return replace(self, active=niches, events=self.events + events)

    def retire(self, capacity: int) -> Population:
        """The oldest niches beyond `capacity` retired, their agents kept."""
        surplus = max(0, len(self.active) - capacity)
        leaving = tuple(replace(niche, died=self.iteration) for niche in self.active[:surplus])
        return replace(self, active=self.active[surplus:], retired=self.retired + leaving)
