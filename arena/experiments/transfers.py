"""Experiment `transfers` (arXiv 1901.01753, figure 7): numbers of transfers tried and accepted, and
the transfer that helped most.

The paper tells the story of an agent that was stuck in a local optimum until another niche's agent
replaced it. Here that transfer is found: of all accepted ones, that after which the niche's best
score rose most, beyond what it had risen in the same time before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..tables import Cell, Table

# Attempts to replace a niche's agent in the paper's three runs, and the share that succeeded.
PUBLISHED = ((18_894, 0.5362), (19_014, 0.4929), (18_798, 0.4889))


@dataclass(frozen=True)
class Move:
    """An accepted transfer between two niches."""

    iteration: int
    kind: str  # "direct" or "proposal"
    source: int
    target: int
    score: float  # of the agent that came, in the target
    bar: float | None  # the score that it had to beat


@dataclass(frozen=True)
class Help:
    """What a transfer changed. Best scores of the target in three windows of equal length: the last
    but one before the transfer, the last before it, and the one that begins with it.
    """

    move: Move
    earlier: float
    before: float
    after: float

    @property
    def gain(self) -> float:
        """The rise of the best score after the transfer, less its rise before (at least 0)."""
        return self.after - self.before - max(0.0, self.before - self.earlier)


def attempts(tried: Sequence[tuple[int, int, bool]]) -> tuple[int, int]:
    """Attempts to replace a niche's agent, and how many succeeded.

    tried: (iteration, target, accepted) of each agent that was tried in a niche. All that are tried
    in a niche in one iteration are one attempt, which succeeds if one of them is accepted.
    """
    found: dict[tuple[int, int], bool] = {}
    for iteration, target, accepted in tried:
        found[iteration, target] = found.get((iteration, target), False) or accepted
    return len(found), sum(found.values())


def help_of(move: Move, scores: Mapping[int, np.ndarray], window: int) -> Help | None:
    """What the transfer changed; None unless the target was scored in all three windows.

    scores: by niche, [iterations] float64 with NaN where it was not scored. window: iterations.
    """
    values = scores.get(move.target, np.empty(0))
    at = move.iteration
    parts = [values[max(0, a) : a + window] for a in (at - 2 * window, at - window, at)]
    if at < 2 * window or any(len(p) < window or np.isnan(p).any() for p in parts):
        return None
    earlier, before, after = (float(part.max()) for part in parts)
    return Help(move, earlier, before, after)


def judged(
    moves: Sequence[Move], scores: Mapping[int, np.ndarray], interval: int
) -> tuple[int, list[Help]]:
    """The window, and what each transfer changed that has scores in all three windows.

    The window is two intervals between transfers, halved until at least half of the transfers can
    be judged, since niches may be retired soon; at least one iteration.
    """
    window = max(1, 2 * interval)
    while True:
        found = [one for move in moves if (one := help_of(move, scores, window)) is not None]
        if 2 * len(found) >= len(moves) or window == 1:
            return window, found
        window //= 2


def most_helpful(found: Sequence[Help]) -> Help | None:
    """The transfer with the largest gain; of equal ones the first. None if there is none with a
    gain above 0.
    """
    best = max(found, key=lambda one: one.gain, default=None)
    return None if best is None or best.gain <= 0 else best


def kinds_table(kinds: Mapping[str, tuple[int, int]], replaced: tuple[int, int]) -> Table:
    """Agents tried and accepted by kind, and the attempts of `attempts` beside the paper's."""
    rows: list[list[Cell]] = [
        [kind, tried, taken, taken / tried if tried else None, "-"]
        for kind, (tried, taken) in kinds.items()
    ]
    number, successes = replaced
    paper = ", ".join(f"{share:.1%} of {tried:,}" for tried, share in PUBLISHED)
    share = successes / number if number else None
    rows.append(["attempts to replace an agent", number, successes, share, paper])
    note = "an attempt is all agents tried in a niche in one iteration; it succeeds if one is taken"
    return Table("transfers", ("transfers", "tried", "accepted", "share", "paper"), rows, note)


def relation(source: int, target: int, parents: Mapping[int, int | None]) -> str:
    """How the source of a transfer is related to its target, in words."""
    if target in _ancestors(source, parents):
        return "its descendant"
    if source in _ancestors(target, parents):
        return "its ancestor"
    return "of another line"


def story(
    found: Help, window: int, titles: Mapping[int, str], parents: Mapping[int, int | None]
) -> list[str]:
    """The transfer in words: what the niche was, where the agent came from, what it changed.

    titles: of the niches of the transfer, in words.
    """
    move = found.move
    bar = "" if move.bar is None else f", the score to beat was {move.bar:.1f}"
    return [
        f"the transfer that helped most: iteration {move.iteration}, niche {move.target} "
        f"({titles[move.target]}), best score {found.earlier:.1f} and then {found.before:.1f} in "
        f"the two windows of {window} iterations before",
        f"the agent of niche {move.source} ({titles[move.source]}), "
        f"{relation(move.source, move.target, parents)}, replaced its agent ({move.kind}) with a "
        f"score of {move.score:.1f}{bar}",
        f"best score in the {window} iterations from then on: {found.after:.1f}, a gain of "
        f"{found.gain:.1f} beyond the rise before (in the paper 349, against 309 "
        "without the transfer)",
    ]


def _ancestors(niche: int, parents: Mapping[int, int | None]) -> set[int]:
    found: set[int] = set()
    while (parent := parents.get(niche)) is not None and parent not in found:
        found.add(parent)
        niche = parent
    return found
