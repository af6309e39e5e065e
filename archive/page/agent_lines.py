"""Lines of agents: which niche's first agent the agent of each niche descends from, over time.

A page that gets no single transfers gets these changes, by which it colours lanes and arcs. Rounds
of an iteration are in the order of store/descent.py.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

MOST_CHANGES = 20_000  # of a view


class AgentLines:
    """The changes of line by accepted transfers, in the order of their iterations.

    A niche begins a line of its own at birth; a transfer brings that of its source.
    """

    def __init__(self) -> None:
        self.last: dict[
            int, int
        ] = {}  # the present line of niches that have another than their own
        self.at, self.niche, self.line = array("q"), array("q"), array("q")
        self._read = 0  # of the moves

    def advance(self, moves: Mapping[str, Sequence[int]], kinds: Sequence[str]) -> None:
        """Read further moves (history.History.moves); those of an iteration come together.

        kinds: the names of their kinds.
        """
        columns = [moves[name][self._read :] for name in ("iteration", "source", "target")]
        kind, at_birth = (moves[name][self._read :] for name in ("kind", "at_birth"))
        self._read += len(at_birth)
        exploits = [kinds[one] == "exploit" for one in kind]
        rows = zip(*columns, exploits, at_birth, strict=True)
        for (at, _), same in groupby(rows, key=itemgetter(0, 3)):
            # agents of a round move all at once: a source's line is the one before it
            moved = [(target, self.of(source)) for _, source, target, _, birth in same if not birth]
            for target, line in moved:
                if self.of(target) != line:
                    self._change(at, target, line)

    def _change(self, at: int, niche: int, line: int) -> None:
        self.last[niche] = line
        for column, value in zip((self.at, self.niche, self.line), (at, niche, line), strict=True):
            column.append(value)

    def of(self, niche: int) -> int:
        """The present line of a niche, named by the niche in which it began."""
        return self.last.get(niche, niche)

    def thinned(self, width: int) -> dict[str, Any]:
        """Columns `at`, `niche`, `line`: the last change of each niche in every `width` iterations,
        or in as many more as it takes to have at most MOST_CHANGES.
        """
        columns = [np.asarray(column, np.int64) for column in (self.at, self.niche, self.line)]
        while True:
            at, niche, _ = columns
            # rows are sorted by iteration, so that the last of equal bins is the newest
            bins = np.stack([niche, at // width], 1)[::-1]
            _, newest = np.unique(bins, axis=0, return_index=True)
            kept = np.sort(len(at) - 1 - newest)
            columns = [column[kept] for column in columns]
            if len(kept) <= MOST_CHANGES:
                return {
                    name: column.tolist()
                    for name, column in zip(("at", "niche", "line"), columns, strict=True)
                }
            width *= 2
