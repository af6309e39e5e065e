"""Niches, events and the population. All values are frozen: a change makes a new value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from .interfaces import Agent, Task
from .streams import Key
from .trials import Result

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
    # levels of a curriculum (curricula/levels.py)
    "low score",  # below the score of the level that it would replace
    "no episode",  # no whole episode of it ended, so that it has no score
    "not kept",  # trained on once by a curriculum that keeps no such levels
]


@dataclass(frozen=True)
class Niche:
    """One task and its current agent.

    A new field is saved in checkpoints by its annotation alone (checkpoint.py); the archive keeps
    it once archive/store/tables.py has a column of that name.
    """

    id: int
    # the niche whose task was mutated; None for the origin and for seeded niches
    parent: int | None
    born: int  # iteration, counted from 1; 0: in the first population
    task: Task
    agent: Agent
    scores: tuple[float, ...] = ()  # its agent's last self-scores, newest last
    # the stream of the last of them: evaluated on it again, the agent gets the same score
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
    # where a seeded niche, or an injected task, came from, e.g. "runs/a#12"
    source: str | None = None

    def improved(
        self, agent: Agent, result: Result, key: Key, *, iteration: int, history: int
    ) -> Niche:
        """The niche after its own agent's step: the score joins the last `history` ones.

        key: the stream on which the agent was evaluated.
        """
        scores = (*self.scores, result.score)[-history:]
        return self._scored(agent, result, key, iteration, scores)

    def taken_over(self, agent: Agent, result: Result, key: Key, *, iteration: int) -> Niche:
        """The niche after an accepted transfer: the new agent's score replaces this iteration's.

        Differs: the Enhanced POET code leaves the old agent's score in place, so that a second
        transfer can be accepted against a bar that the first has already raised (B22).
        """
        scores = (*self.scores[:-1], result.score)
        return self._scored(agent, result, key, iteration, scores)

    def _scored(
        self, agent: Agent, result: Result, key: Key, iteration: int, scores: tuple[float, ...]
    ) -> Niche:
        return replace(
            self,
            agent=agent,
            scores=scores,
            score_key=key,
            before=result.before,
            best=result.score if self.best is None else max(self.best, result.score),
            solved=iteration if result.solved and self.solved is None else self.solved,
        )


@dataclass(frozen=True)
class Child:
    """A candidate task of a reproduction, recorded whatever its outcome."""

    tag: ClassVar[Literal["child"]] = "child"

    id: int  # counts candidates over the whole run
    iteration: int
    parent: int
    task: Task
    outcome: Outcome
    # of the parent's agent in it (first minimal criterion); None if it was not evaluated
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
    """An agent evaluated in another niche, or in a child before its birth."""

    tag: ClassVar[Literal["transfer"]] = "transfer"

    iteration: int
    kind: Kind
    source: int  # the niche of the agent
    target: int  # niche id, or child id if at_birth
    at_birth: bool
    score: float
    bar: float | None  # the score to beat; None at birth, where only the minimal criterion counts
    accepted: bool
    steps: int


# A union discriminated by `tag`, which is also the name of the event's kind in records.
Event = Child | Transfer


@dataclass(frozen=True)
class Population:
    """The whole state of a run. `events` are those of the last iteration only; the archive keeps
    the earlier ones.
    """

    iteration: int  # iterations completed, or, within one, its number
    active: tuple[Niche, ...]  # oldest first
    retired: tuple[Niche, ...] = ()  # oldest first; agents kept
    niches_born: int = 0  # next niche id
    children_tried: int = 0  # next child id
    events: tuple[Event, ...] = ()
    # Scores of PATA-EC that cannot change, because the agent's niche is retired:
    # {(the agent's niche, the task's niche): score}
    scores_of_retired: Mapping[tuple[int, int], float] = field(default_factory=dict)
    # Of a curriculum's level buffer: draws so far, and the number of the draw in which each level
    # was last drawn, by niche.
    draws: int = 0
    drawn: Mapping[int, int] = field(default_factory=dict)
    # Of a curriculum's teacher (curricula/teaching.py): its memory, a JSON object as canonical
    # text; None without a teacher.
    memory: str | None = None

    @property
    def niches(self) -> tuple[Niche, ...]:
        """All niches ever; in POET oldest first."""
        return self.retired + self.active

    @property
    def children(self) -> tuple[Child, ...]:
        """The candidate tasks among the events."""
        return tuple(event for event in self.events if event.tag == "child")

    @property
    def transfers(self) -> tuple[Transfer, ...]:
        """The transfers among the events, accepted or not."""
        return tuple(event for event in self.events if event.tag == "transfer")

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
        """What the Enhanced POET code calls ANNECS (B5): only retired agents are evaluated, and the
        niche need not be solved.
        """
        return sum(niche.viable_to_retired for niche in self.niches)

    def with_active(self, niches: tuple[Niche, ...], events: tuple[Event, ...] = ()) -> Population:
        """The population with these active niches, and with further events."""
        return replace(self, active=niches, events=self.events + events)

    def retire(self, capacity: int, kept: int | None = None) -> Population:
        """The oldest niches beyond `capacity` retired, their agents kept.

        kept: id of a niche that is not retired.
        """
        surplus = max(0, len(self.active) - capacity)
        oldest = [niche.id for niche in self.active if niche.id != kept][:surplus]
        leaving = tuple(replace(n, died=self.iteration) for n in self.active if n.id in oldest)
        staying = tuple(niche for niche in self.active if niche.id not in oldest)
        return replace(self, active=staying, retired=self.retired + leaving)
