"""Random histories of niches and transfers, with lines of agents according to store/descent.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from openpoet.archive.store.descent import Move, Step, descent

KINDS = ("direct", "exploit", "proposal")


@dataclass(frozen=True)
class LineHistory:
    """born: iteration of birth by niche; moves: accepted transfers, in order."""

    born: dict[int, int]
    moves: list[Move]
    iterations: int

    def descent(self, niche: int, at: int) -> list[Step]:
        into: dict[int, list[Move]] = {}
        for move in self.moves:
            into.setdefault(move.target, []).append(move)
        return descent(niche, at, self.born, into)

    def line(self, niche: int, at: int) -> int:
        """The line of the agent that a niche has after iteration `at`: where it last began one."""
        came = self.descent(niche, at)
        return next(step.niche for step in reversed(came) if step.how != "transfer")

    def columns(self) -> Mapping[str, list[int]]:
        """Columns of the moves, as history.History has them; kinds as places in KINDS."""
        names = ("iteration", "source", "target", "at_birth")
        found = {name: [int(getattr(move, name)) for move in self.moves] for name in names}
        return found | {"kind": [KINDS.index(move.kind) for move in self.moves]}


def busy_history(seed: int, iterations: int = 30) -> LineHistory:
    """Iterations with a birth, transfers and population-based training, all among few niches."""
    rng, born, moves = np.random.default_rng(seed), {0: 0, 1: 0}, list[Move]()
    for at in range(1, iterations + 1):
        active = sorted(born)[-5:]
        newborn = len(born)
        moves.append(Move(at, int(rng.choice(active)), newborn, "proposal", True))
        born[newborn] = at
        for kind in ("direct", "exploit"):
            moves += _round(rng, at, kind, sorted(born)[-5:])
    return LineHistory(born, moves, iterations)


def _round(rng: np.random.Generator, at: int, kind: str, active: list[int]) -> Iterator[Move]:
    for target in active:
        source = int(rng.choice(active))
        if source != target and rng.random() < 0.5:
            yield Move(at, source, target, kind, False)
