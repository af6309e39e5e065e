"""Stored scores, simulated again: a niche's agent in its task, on the stream of its last score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .replays import Replays
from .sessions import one_torch_thread

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run

AT_ONCE = 16  # niches that are evaluated together


@dataclass(frozen=True)
class Rescored:
    """A niche's score in the archive, and the one found; before: those before adaptation."""

    niche: int
    score: float
    found: float
    before: float | None
    before_found: float | None

    def __str__(self) -> str:
        pairs = {
            "score": (self.score, self.found),
            "score before adaptation": (self.before, self.before_found),
        }
        differing = [
            f"{name} {stored!r} in the archive, {found!r} here"
            for name, (stored, found) in pairs.items()
            if stored != found
        ]
        return ", ".join(differing)

    @property
    def equal(self) -> bool:
        return (self.score, self.before) == (self.found, self.before_found)


def scored_niches(run: Run, select: str | None) -> list[int]:
    """The niches that have an agent here and a score, and for which the expression holds.

    select: as for seeds.select; None: all. ValueError if there are none.
    """
    from openpoet.archive.seeds.finding import choose
    from openpoet.archive.store.measures import FIELDS, acting

    def scored() -> Iterator[dict[str, object]]:
        return (row for row in acting(run) if row["score"] is not None)

    return choose(run.path, select or "true", (*FIELDS, "alive"), scored)


def rescored(replays: Replays, niches: Sequence[int]) -> Iterator[Rescored]:
    """The niches' last evaluations, repeated. The score of the same agent, task and stream is the
    same to the last bit.
    """
    from openpoet.poet.evaluation import evaluate
    from openpoet.poet.trials import Trial

    for first in range(0, len(niches), AT_ONCE):
        some = [replays.acting(niche) for niche in niches[first : first + AT_ONCE]]
        trials = [Trial(niche.agent, niche.task, replays.key(niche.id)) for niche in some]
        with one_torch_thread():
            results = evaluate(replays.parts.setup.learner, trials)
        for niche, result in zip(some, results, strict=True):
            yield Rescored(niche.id, niche.scores[-1], result.score, niche.before, result.before)
