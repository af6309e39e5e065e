"""The lineage of niches: the ancestors of their tasks, and the niches through which their present
agents came.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..store.measures import each, no_elder

if TYPE_CHECKING:
    from ..store.run_folder import Run


def lineage(run: Run, niches: Iterable[int]) -> set[int]:
    """The niches, those through which their agents came, and the ancestors of all of these."""
    return _with_ancestors(run, _with_sources(run, niches))


def _with_ancestors(run: Run, niches: set[int]) -> set[int]:
    parents = {row["id"]: row["parent"] for row in each(run, "SELECT id, parent FROM niches")}
    found: set[int] = set()
    for niche in niches:
        while niche not in found:
            if niche not in parents:
                raise ValueError(f"{run.path}: a transfer names niche {niche}, which is not there")
            found.add(niche)
            parent = parents[niche]
            if parent is None:
                break
            if parent >= niche:
                raise no_elder(run, niche, parent)
            niche = parent
    return found


def _with_sources(run: Run, niches: Iterable[int]) -> set[int]:
    """The niches, and the niches from which their agents came in transfers, back to the first."""
    came = _transfers(run)
    found: set[int] = set()
    for niche in niches:
        before: int | None = None  # the iteration before which the agent was in this niche
        while True:
            found.add(niche)
            arrivals = came.get(niche, ())
            earlier = [there for there in arrivals if before is None or there[0] < before]
            if not earlier:
                break
            before, niche = earlier[-1]
    return found


def _transfers(run: Run) -> dict[int, list[tuple[int, int]]]:
    """By niche, the iterations and sources of the transfers that it accepted, in their order."""
    born = {
        row["id"]: row["niche"]
        for row in each(run, "SELECT id, niche FROM children WHERE niche IS NOT NULL")
    }
    query = "SELECT iteration, source, target, at_birth FROM transfers WHERE accepted ORDER BY id"
    found: dict[int, list[tuple[int, int]]] = {}
    for row in each(run, query):
        target = born.get(row["target"]) if row["at_birth"] else row["target"]
        if target is not None:
            found.setdefault(target, []).append((row["iteration"], row["source"]))
    return found
