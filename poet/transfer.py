"""Transfer: agents tried in other niches, as they are (direct) and after one step of learning there
(proposal).

Papers: arXiv 1901.01753; arXiv 2003.08536 (the gated rule). All pairs of a round are tried at
once, on agents as they were before it, and rivals for a place meet the same random numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .evaluation import Scores, adopt, evaluate, improve
from .interfaces import Agent, Learner, Task
from .niche import Kind, Niche, Score, Transfer
from .streams import Key


@dataclass(frozen=True)
class Place:
    """Where agents are tried: a niche, or a child about to be born."""

    id: int  # of the niche, or of the child
    task: Task
    bar: float | None  # to be beaten; None: any score will do
    trial: Key  # the stream all rivals are scored on
    at_birth: bool = False


@dataclass(frozen=True)
class Candidate:
    """An agent that has been tried in a place."""

    kind: Kind
    source: int  # niche it comes from
    place: Place
    agent: Agent
    score: float
    before: float | None  # the score before adaptation; None if agents do not adapt
    solved: bool
    steps: int  # environment steps this trial cost

    @property
    def found(self) -> Score:
        return Score(self.score, self.solved, self.before, self.place.trial)

    def above_bar(self) -> bool:
        """Strictly: an agent that is only as good is no reason to replace one."""
        return self.place.bar is None or self.score > self.place.bar

    def event(self, iteration: int, accepted: bool) -> Transfer:
        place = self.place
        return Transfer(
            iteration,
            self.kind,
            self.source,
            place.id,
            place.at_birth,
            self.score,
            place.bar,
            accepted,
            self.steps,
        )


Pair = tuple[Niche, Place]


def pairs_of(sources: Sequence[Niche], places: Sequence[Place]) -> list[Pair]:
    """Every agent with every place but its own."""
    return [
        (niche, place)
        for place in places
        for niche in sources
        if place.at_birth or niche.id != place.id
    ]


def try_direct(pairs: Sequence[Pair], learner: Learner, key: Key) -> list[Candidate]:
    """The agents as they are; one call of the learner."""
    spent = key.child("direct")
    agents = [niche.agent for niche, _ in pairs]
    keys = [place.trial.spent_as(spent) for _, place in pairs]
    found = evaluate(learner, agents, [place.task for _, place in pairs], keys)
    return _candidates("direct", pairs, agents, found)


def try_proposals(pairs: Sequence[Pair], learner: Learner, key: Key) -> list[Candidate]:
    """The agents after one step in the place's task; two calls of the learner.

    Differs: the step starts from a fresh optimiser, always. The POET code uses the target's Adam
    moments for niches and plain SGD for children, and Adam at t = 0 divides by zero there (B8).
    """
    spent = key.child("proposal")
    tasks = [place.task for _, place in pairs]
    started = [adopt(learner, niche.agent) for niche, _ in pairs]
    streams = [spent.child(place.id) for _, place in pairs]
    agents, learning = improve(learner, started, tasks, streams)
    keys = [place.trial.spent_as(spent) for _, place in pairs]
    found = evaluate(learner, agents, tasks, keys)
    return _candidates("proposal", pairs, agents, found._replace(steps=learning + found.steps))


def _candidates(
    kind: Kind, pairs: Sequence[Pair], agents: Sequence[Agent], found: Scores
) -> list[Candidate]:
    return [
        Candidate(kind, niche.id, place, agent, float(score), before, bool(done), int(cost))
        for (niche, place), agent, score, done, cost, before in zip(
            pairs, agents, *found, strict=True
        )
    ]


def try_all(
    sources: Sequence[Niche], places: Sequence[Place], learner: Learner, key: Key
) -> list[Candidate]:
    """POET: every pair direct and as a proposal; any of them may be taken."""
    pairs = pairs_of(sources, places)
    return try_direct(pairs, learner, key) + try_proposals(pairs, learner, key)


def try_gated(
    sources: Sequence[Niche], places: Sequence[Place], learner: Learner, key: Key
) -> list[Candidate]:
    """Enhanced POET: a proposal is worth its cost only where the agent as it is already beats the
    bar.
    """
    pairs = pairs_of(sources, places)
    direct = try_direct(pairs, learner, key)
    passed = [pair for pair, candidate in zip(pairs, direct, strict=True) if candidate.above_bar()]
    return direct + try_proposals(passed, learner, key)


def winner(candidates: Sequence[Candidate], place: Place) -> Candidate | None:
    """The best that beats the place's bar; of equals the one tried first. None if none does."""
    fit = [
        candidate for candidate in candidates if candidate.place is place and candidate.above_bar()
    ]
    return max(fit, key=lambda candidate: candidate.score, default=None)
