"""The level buffer of prioritised level replay: which levels to train on again.

Jiang et al. 2021, "Prioritized Level Replay" (arXiv 2010.03934) and "Replay-Guided Adversarial
Environment Design" (arXiv 2110.02439); constants as in ACCEL (arXiv 2203.01302, table 11).

Notation: m levels, in the order in which they entered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Replay:
    """The rule by which levels are replayed and evicted.

    size: largest number of levels. start: fill share from which levels are replayed.
    temperature: of the ranks; 0.1 prefers the level with the highest score almost always.
    staleness: share of the weights that is given to levels not drawn for long.
    """

    size: int = 1000
    probability: float = 0.9
    start: float = 0.5
    temperature: float = 0.1
    staleness: float = 0.5


@dataclass(frozen=True)
class Buffer:
    """ids, scores: of the levels, [m]. drawn: [m], the number of the draw in which each was last
    drawn or, before that, made. draws: draws and new levels so far.
    """

    ids: np.ndarray
    scores: np.ndarray
    drawn: np.ndarray
    draws: int = 0

    @classmethod
    def of(cls, levels: Iterable[tuple[int, float, int]], draws: int = 0) -> Buffer:
        """A buffer of rows (id, score, number of the last draw)."""
        rows = list(levels)
        return cls(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.float64),
            np.array([row[2] for row in rows], np.int64),
            draws,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def place(self, level: int) -> int | None:
        """The row of a level; None if it is not in the buffer."""
        found = np.flatnonzero(self.ids == level)
        return int(found[0]) if len(found) else None


def replays(buffer: Buffer, rule: Replay, rng: np.random.Generator) -> bool:
    """Whether the next rollout replays levels: with probability min(fill, p) once the buffer's fill
    share has reached `start`, never before.
    """
    fill = len(buffer) / rule.size
    return fill >= rule.start and len(buffer) > 0 and rng.random() < min(fill, rule.probability)


def weights(buffer: Buffer, rule: Replay) -> np.ndarray:
    """Probability of each level to be drawn, [m], of sum 1:

        (1 - staleness) rank^(-1 / temperature) / sum + staleness age / sum

    rank: 1 for the highest score; of equal scores the older level comes first. age: draws since
    the level's last. If all ages are 0 the second part is uniform.
    """
    ranks = np.empty(len(buffer))
    ranks[np.argsort(-buffer.scores, kind="stable")] = np.arange(1, len(buffer) + 1)
    by_rank = ranks ** (-1.0 / rule.temperature)
    ages = (buffer.draws - buffer.drawn).astype(np.float64)
    by_age = ages if ages.any() else np.ones(len(buffer))
    kept = 1.0 - rule.staleness
    return kept * by_rank / by_rank.sum() + rule.staleness * by_age / by_age.sum()


def draw(buffer: Buffer, rule: Replay, rng: np.random.Generator) -> tuple[Buffer, int]:
    """The buffer after a draw, and the row of the level that was drawn, whose age becomes 0."""
    chances = weights(buffer, rule)
    row = int(rng.choice(len(buffer), p=chances / chances.sum()))
    drawn = buffer.drawn.copy()
    drawn[row] = buffer.draws + 1
    return replace(buffer, drawn=drawn, draws=buffer.draws + 1), row


def rescored(buffer: Buffer, level: int, score: float) -> Buffer:
    """The buffer with a level's score overwritten; itself if the level has been evicted."""
    row = buffer.place(level)
    if row is None:
        return buffer
    scores = buffer.scores.copy()
    scores[row] = score
    return replace(buffer, scores=scores)


@dataclass(frozen=True)
class Insertion:
    """The result of inserting a level. evicted: the level whose place it took, if there was none
    free.
    """

    buffer: Buffer
    accepted: bool
    evicted: int | None = None


def inserted(buffer: Buffer, level: int, score: float, rule: Replay) -> Insertion:
    """The buffer with a further level, if it is accepted.

    A full buffer evicts the level of least weight, unless that level's score is above the new one;
    then the new level is refused.
    Differs: dcd counts the new levels of a rollout as draws, so that of 16 the first enters with
    age 15 and the last with age 0; here all enter with age 0.
    """
    evicted = None
    if len(buffer) >= rule.size:
        worst = int(weights(buffer, rule).argmin())
        if buffer.scores[worst] > score:
            return Insertion(buffer, accepted=False)
        evicted = int(buffer.ids[worst])
        buffer = _without(buffer, worst)
    after = replace(
        buffer,
        ids=np.append(buffer.ids, level),
        scores=np.append(buffer.scores, score),
        drawn=np.append(buffer.drawn, buffer.draws),
    )
    return Insertion(after, accepted=True, evicted=evicted)


def _without(buffer: Buffer, row: int) -> Buffer:
    return replace(
        buffer,
        ids=np.delete(buffer.ids, row),
        scores=np.delete(buffer.scores, row),
        drawn=np.delete(buffer.drawn, row),
    )
