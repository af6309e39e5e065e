"""The events of a run as records, one stream of them: what happened in each iteration, and its
measures.

The log, TensorBoard, the file of JSON lines and the trackers are made from this stream
(listeners.py). Fields named clock_* are measured by the clock; all others are the same whenever the
iteration is computed again.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run
    from openpoet.poet.niche import Niche, Population

Title = Callable[[Any], str]  # a task in words


@dataclass(frozen=True)
class Event:
    """iteration: the one at whose end it is committed, from 1; 0: the first population."""

    event: ClassVar[str]  # the kind of event, which distinguishes records

    iteration: int


@dataclass(frozen=True)
class First(Event):
    """A niche of the first population. source: where it was seeded from."""

    event = "first"
    niche: int
    title: str
    source: str | None
    score: float | None


@dataclass(frozen=True)
class Born(Event):
    """A new niche. agent_of: the niche whose agent it begins with."""

    event = "born"
    niche: int
    parent: int
    title: str
    agent_of: int
    score: float


@dataclass(frozen=True)
class Levels(Event):
    """Changes of a curriculum's level buffer: numbers of levels. solved: for the first time."""

    event = "levels"
    entered: int
    evicted: int
    solved: int


@dataclass(frozen=True)
class Refused(Event):
    """Candidate tasks that became no niche. reasons: how many for each outcome, most first."""

    event = "refused"
    children: int  # candidates in all
    reasons: Mapping[str, int]


@dataclass(frozen=True)
class NoParents(Event):
    """No niche could have children, where they were due."""

    event = "no parents"
    reason: str


@dataclass(frozen=True)
class Retired(Event):
    """A niche that left the population; its agent is kept."""

    event = "retired"
    niche: int
    best: float | None


@dataclass(frozen=True)
class Transferred(Event):
    """An accepted transfer. kind: direct, proposal or exploit; bar: the score that was exceeded."""

    event = "transferred"
    niche: int
    agent_of: int
    kind: str
    bar: float | None
    score: float


@dataclass(frozen=True)
class Solved(Event):
    """A niche that was solved for the first time."""

    event = "solved"
    niche: int
    best: float | None


@dataclass(frozen=True)
class Measured(Event):
    """The measures at the end of an iteration: one point of each curve."""

    event = "measured"
    values: Mapping[str, float]
    clock_seconds: float
    clock_steps_per_second: float

    def curves(self) -> dict[str, float]:
        """The point of each curve, the speed among them."""
        return {**self.values, "steps per second": self.clock_steps_per_second}


def firsts(population: Population, title: Title) -> Iterator[First]:
    """The niches of a first population."""
    for niche in population.active:
        score = niche.scores[-1] if niche.scores else None
        yield First(population.iteration, niche.id, title(niche.task), niche.source, score)


def happened(
    before: Population, after: Population, title: Title, without_children: str = ""
) -> Iterator[Event]:
    """One event for each new niche, retirement, accepted transfer and first solution, and one for
    all refused children.

    without_children: why no niche could reproduce in this iteration; else empty.
    """
    at = after.iteration
    yield from _births(after, title)
    if without_children:
        yield NoParents(at, without_children)
    leaving = after.retired[len(before.retired) :]
    for niche in leaving:
        if niche.agent:
            yield Retired(at, niche.id, niche.best)
    for event in after.transfers:
        if event.accepted and not event.at_birth:
            yield Transferred(at, event.target, event.source, event.kind, event.bar, event.score)
    solved = [niche for niche in (*leaving, *after.active) if niche.solved == at]
    for niche in solved:
        if niche.agent:
            yield Solved(at, niche.id, niche.best)
    entered = sum(not niche.agent for niche in _new(before, after))
    levels = entered, sum(not n.agent for n in leaving), sum(not n.agent for n in solved)
    if any(levels):
        yield Levels(at, *levels)


def _new(before: Population, after: Population) -> Iterator[Niche]:
    """The niches that were born in between."""
    for niche in (*after.retired[len(before.retired) :], *after.active):
        if niche.id >= before.niches_born:
            yield niche


def _births(after: Population, title: Title) -> Iterator[Born | Refused]:
    chosen = {t.target: t for t in after.transfers if t.at_birth and t.accepted}
    for child in after.children:
        if child.niche is not None and child.id in chosen:
            came = chosen[child.id]
            words = title(child.task)
            yield Born(child.iteration, child.niche, child.parent, words, came.source, came.score)
    refused = Counter[str](child.outcome for child in after.children if child.niche is None)
    if refused:
        yield Refused(after.iteration, len(after.children), dict(refused.most_common()))


def measured(population: Population, steps: int, more: int, seconds: float) -> Measured:
    """The measures of a population.

    steps: environment steps of the whole run, of which the iteration took `more` in `seconds`.
    """
    values: dict[str, float] = {
        "niches/active": len(population.active),
        "niches/ever": len(population.active) + len(population.retired),
        "annecs/paper": population.annecs,
        "annecs/reference code": population.annecs_reference,
        "environment steps": steps,
    }
    for name, has_agent in (("score", True), ("level score", False)):  # levels: of a curriculum
        own = (niche for niche in population.active if bool(niche.agent) == has_agent)
        if scores := [niche.scores[-1] for niche in own if niche.scores]:
            values |= {f"{name}/best": max(scores), f"{name}/median": statistics.median(scores)}
    gains = [n.scores[-1] - n.before for n in population.active if n.before is not None]
    if gains:
        values["gain/median"] = statistics.median(gains)
    rate = more / seconds if seconds > 0 else 0.0
    return Measured(population.iteration, values, seconds, rate)


def identity(run: Run) -> str:
    """A name of the run for trackers, the same after a resume, 16 hex digits."""
    first = run.rows("sessions")[0]
    return sha256(f"{first['clock_began']} {first['versions']}".encode()).hexdigest()[:16]
