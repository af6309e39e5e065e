"""Transfer: agents tried in other niches, as they are (direct) and after one step of learning there
(proposal), and the two papers' rules for which of them replaces a niche's agent.

Papers: arXiv 1901.01753 (PoetTransfer); arXiv 2003.08536 (GatedTransfer). All pairs of a round are
evaluated in one batch, with the agents as they were before the round, and all candidates for a
place are scored on the same random numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from .evaluation import adopt, evaluate, improve
from .interfaces import Agent, Learner, Task
from .niche import Kind, Niche, Transfer
from .streams import Key
from .trials import Result, Trial


@dataclass(frozen=True)
class Place:
    """Where agents are tried: a niche, or a child before its birth."""

    id: int  # of the niche, or of the child
    task: Task
    bar: float | None  # the score to beat; None: any score is accepted
    key: Key  # the stream on which all candidates are scored
    at_birth: bool = False
    parent: int | None = None  # the niche whose task was mutated, of a child


@dataclass(frozen=True)
class Candidate:
    """An agent that has been tried in a place."""

    kind: Kind
    source: int  # the niche it comes from
    place: Place
    agent: Agent
    result: Result  # its steps include a proposal's learning

    @property
    def score(self) -> float:
        return self.result.score

    def above_bar(self) -> bool:
        """Strictly: an agent with an equal score does not replace one."""
        return self.place.bar is None or self.score > self.place.bar

    def event(self, iteration: int, accepted: bool) -> Transfer:
        place = self.place
        return Transfer(
            iteration=iteration,
            kind=self.kind,
            source=self.source,
            target=place.id,
            at_birth=place.at_birth,
            score=self.score,
            bar=place.bar,
            accepted=accepted,
            steps=self.result.steps,
        )


Pair = tuple[Niche, Place]


def pairs_of(sources: Sequence[Niche], places: Sequence[Place]) -> list[Pair]:
    """Every agent with every place except its own niche."""
    return [
        (niche, place)
        for place in places
        for niche in sources
        if place.at_birth or niche.id != place.id
    ]


def try_direct(pairs: Sequence[Pair], learner: Learner, key: Key) -> list[Candidate]:
    """The agents as they are; one call of the learner."""
    agents = [niche.agent for niche, _ in pairs]
    return _scored("direct", pairs, agents, learner, key.child("direct"))


def try_proposals(pairs: Sequence[Pair], learner: Learner, key: Key) -> list[Candidate]:
    """The agents after one step in the place's task; two calls of the learner.

    Differs: the step starts from a fresh optimiser, always. The POET code uses the target's Adam
    moments for niches and plain SGD for children, and Adam at t = 0 divides by zero there (B8).
    """
    spent = key.child("proposal")
    improved = improve(
        learner,
        [
            Trial(adopt(learner, niche.agent), place.task, spent.child(place.id))
            for niche, place in pairs
        ],
    )
    candidates = _scored("proposal", pairs, [one.agent for one in improved], learner, spent)
    return [
        _costing(candidate, one.steps) for candidate, one in zip(candidates, improved, strict=True)
    ]


def try_all(
    sources: Sequence[Niche], places: Sequence[Place], learner: Learner, key: Key
) -> list[Candidate]:
    """Every pair direct and as a proposal."""
    pairs = pairs_of(sources, places)
    return try_direct(pairs, learner, key) + try_proposals(pairs, learner, key)


def winner(candidates: Sequence[Candidate], place: Place) -> Candidate | None:
    """The best candidate above the place's bar, of equals the first; None if there is none."""
    fit = [
        candidate for candidate in candidates if candidate.place is place and candidate.above_bar()
    ]
    return max(fit, key=lambda candidate: candidate.score, default=None)


class TransferRule(Protocol):
    """Which agents are tried in other niches, and which of them may replace a niche's agent."""

    def bar(self, niche: Niche) -> float:
        """The score that a candidate for the niche must exceed."""
        ...

    def attempt(
        self, sources: Sequence[Niche], places: Sequence[Place], learner: Learner, key: Key
    ) -> list[Candidate]:
        """All candidates of a round, in the order in which they were tried."""
        ...

    def installs(self, candidate: Candidate) -> bool:
        """Whether such a candidate may replace an agent if it is the best above the bar."""
        ...

    def at_birth(
        self, sources: Sequence[Niche], places: Sequence[Place], learner: Learner, key: Key
    ) -> list[Candidate]:
        """All candidates for the first agents of children, in the order in which they were tried;
        each active agent as it is, since ANNECS is measured with them.
        """
        ...

    def inherits(self, candidate: Candidate) -> bool:
        """Whether such a candidate may be the first agent of a child if it is the best."""
        ...


class AnyAtBirth:
    """Both papers: at birth every pair is tried direct and as a proposal, and the best is taken."""

    def at_birth(
        self, sources: Sequence[Niche], places: Sequence[Place], learner: Learner, key: Key
    ) -> list[Candidate]:
        return try_all(sources, places, learner, key)

    def inherits(self, candidate: Candidate) -> bool:
        return True


class PoetTransfer(AnyAtBirth):
    """POET: every pair direct and as a proposal; the best of them, above the latest own score."""

    def bar(self, niche: Niche) -> float:
        return niche.scores[-1]

    def attempt(
        self, sources: Sequence[Niche], places: Sequence[Place], learner: Learner, key: Key
    ) -> list[Candidate]:
        return try_all(sources, places, learner, key)

    def installs(self, candidate: Candidate) -> bool:
        return True


class GatedTransfer(AnyAtBirth):
    """Enhanced POET: a proposal is computed only where the agent as it is already exceeds the bar,
    the best of the niche's last scores. Only proposals are installed.
    """

    def bar(self, niche: Niche) -> float:
        return max(niche.scores)

    def attempt(
        self, sources: Sequence[Niche], places: Sequence[Place], learner: Learner, key: Key
    ) -> list[Candidate]:
        pairs = pairs_of(sources, places)
        direct = try_direct(pairs, learner, key)
        passed = [
            pair for pair, candidate in zip(pairs, direct, strict=True) if candidate.above_bar()
        ]
        return direct + try_proposals(passed, learner, key)

    def installs(self, candidate: Candidate) -> bool:
        return candidate.kind == "proposal"


class NoTransfer:
    """The control of both papers: agents never move, and a child starts from its parent's agent."""

    def bar(self, niche: Niche) -> float:
        return niche.scores[-1]

    def attempt(
        self, sources: Sequence[Niche], places: Sequence[Place], learner: Learner, key: Key
    ) -> list[Candidate]:
        return []

    def installs(self, candidate: Candidate) -> bool:
        return False

    def at_birth(
        self, sources: Sequence[Niche], places: Sequence[Place], learner: Learner, key: Key
    ) -> list[Candidate]:
        return try_direct(pairs_of(sources, places), learner, key)

    def inherits(self, candidate: Candidate) -> bool:
        return candidate.source == candidate.place.parent


def _scored(
    kind: Kind, pairs: Sequence[Pair], agents: Sequence[Agent], learner: Learner, purpose: Key
) -> list[Candidate]:
    """A candidate a pair, scored on its place's stream; its steps count under `purpose`."""
    results = evaluate(
        learner,
        [
            Trial(agent, place.task, place.key.spent_as(purpose))
            for (_, place), agent in zip(pairs, agents, strict=True)
        ],
    )
    return [
        Candidate(kind, niche.id, place, agent, result)
        for (niche, place), agent, result in zip(pairs, agents, results, strict=True)
    ]


def _costing(candidate: Candidate, further: int) -> Candidate:
    """The candidate with further environment steps added to its cost."""
    result = candidate.result
    return replace(candidate, result=replace(result, steps=result.steps + further))
