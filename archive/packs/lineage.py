"""The lineage of niches: the ancestors of their tasks, and the niches through which their present
agents came. Within an iteration an agent may move several times (store/descent.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..store.descent import Move, descent
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
    moves, last = _moves(run), run.last_iteration()
    born = {row["id"]: row["born"] for row in each(run, "SELECT id, born FROM niches")}
    return {step.niche for niche in niches for step in descent(niche, last, born, moves)}


def _moves(run: Run) -> dict[int, list[Move]]:
    """By niche, the transfers that it accepted, in their order."""
    born = {
        row["id"]: row["niche"]
        for row in each(run, "SELECT id, niche FROM children WHERE niche IS NOT NULL")
    }
    columns = "iteration, source, target, kind, at_birth"
    found: dict[int, list[Move]] = {}
    for row in each(run, f"SELECT {columns} FROM transfers WHERE accepted ORDER BY id"):
        target = born.get(row["target"]) if row["at_birth"] else row["target"]
        if target is not None:
            found.setdefault(target, []).append(Move(**{**row, "target": target}))
    return found
