"""Curves of a run over its iterations, thinned to a number of points that a page can draw."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .history import Counts, History

MOST_POINTS = 2000
MOST_VALUES = 60_000  # scores in a view
MOST_MOVES = 20_000  # accepted transfers in a view; beyond, their density
DENSEST = 5_000  # cells of the density
BINS = 400  # iterations of the density are put into about so many

Number = float | int | None


def brief(value: float | None) -> Number:
    """Five significant digits; None for no number."""
    if value is None or not math.isfinite(value):
        return None
    short = float(f"{value:.5g}")
    return int(short) if short.is_integer() and abs(short) < 2**53 else short


def curves_of(history: History, since: int, solved: Mapping[int, Sequence[int]]) -> dict[str, Any]:
    """Curves at the iterations above `since`; counts are cumulative.

    solved: by class of difficulty, the sorted iterations in which niches were first solved.
    """
    # A power of two, so that the points of an increment fit those that a page has.
    step = 1 << max(0, math.ceil(math.log2(max(1, (history.iteration + 1) / MOST_POINTS))))
    points = [at for at in range(since + 1, history.iteration + 1) if at % step == 0]
    if history.iteration > since and history.iteration % step:
        points.append(history.iteration)

    def column(name: str) -> list[Number]:
        return [brief(history.summary[name][at]) for at in points]

    def cumulative(table: Mapping[str, Counts]) -> dict[str, list[int]]:
        return {name: [_total(counts, at) for at in points] for name, counts in table.items()}

    active, retired = history.summary["active"], history.summary["retired"]
    return {
        "iteration": points,
        **{name: column(name) for name in ("best", "median", "annecs", "active")},
        "steps": [int(history.summary["steps"][at]) for at in points],
        "seconds": [brief(history.seconds[at]) for at in points],
        "born": [int(active[at] + retired[at]) for at in points],
        "refused": cumulative(history.refused),
        "transfers": cumulative(history.transfers),
        "purposes": cumulative(history.purposes),
        "classes": {
            str(level): [bisect.bisect_right(found, at) for at in points]
            for level, found in sorted(solved.items())
        },
    }


def _total(counts: Counts, at: int) -> int:
    place = bisect.bisect_right(counts.at, at)
    return counts.total[place - 1] if place else 0


def stride_of(history: History) -> int:
    """How many iterations a value of `scores_of` stands for: a power of two."""
    return 1 << max(0, math.ceil(math.log2(max(1, history.scored / MOST_VALUES))))


def scores_of(history: History, since: int, stride: int) -> dict[str, Any]:
    """Scores by niche at the iterations above `since`: means over `stride` iterations, None where a
    niche has none.

    A mean that began before `since` is given again.
    """
    first = (since + 1) // stride * stride
    found = {}
    for niche, scores in history.scores.items():
        place = bisect.bisect_left(scores.at, first)
        if place == len(scores.at):
            continue
        start = scores.at[place] // stride * stride
        bins: list[list[float]] = [[] for _ in range((scores.at[-1] - start) // stride + 1)]
        for at, value in zip(scores.at[place:], scores.value[place:], strict=True):
            bins[(at - start) // stride].append(value)
        values = [brief(sum(inside) / len(inside)) if inside else None for inside in bins]
        found[str(niche)] = {"start": start, "values": values}
    return found


def moves_of(history: History, since: int) -> dict[str, Any]:
    """The accepted transfers above `since`; if the run has too many to draw, all of them as numbers
    by iterations, source and target, with the lines of agents (agent_lines.py).
    """
    moves = history.moves
    if (number := len(moves["iteration"])) > MOST_MOVES:
        if history.density is None or history.density[0] != number:
            history.density = number, density(history)
        return {"density": history.density[1]}
    first = bisect.bisect_right(moves["iteration"], since)
    return {
        "iteration": moves["iteration"][first:].tolist(),
        "source": moves["source"][first:].tolist(),
        "target": moves["target"][first:].tolist(),
        "kind": [history.kinds[kind] for kind in moves["kind"][first:]],
        "at_birth": [bool(flag) for flag in moves["at_birth"][first:]],
    }


def density(history: History) -> dict[str, Any]:
    """Numbers of accepted transfers by iterations, source and target: the DENSEST of them."""
    width = max(1, (history.iteration + 1) // BINS)
    at = np.asarray(history.moves["iteration"], np.int64) // width
    columns = {"iteration": at, "source": np.asarray(history.moves["source"], np.int64)}
    columns["target"] = np.asarray(history.moves["target"], np.int64)
    # One whole number for each triple, since rows of three take much longer to sort.
    known = {name: np.unique(column, return_inverse=True) for name, column in columns.items()}
    sizes = [len(values) for values, _ in known.values()]
    triples = np.ravel_multi_index([place for _, place in known.values()], sizes)
    cells, counts = np.unique(triples, return_counts=True)
    chosen = np.sort(np.argsort(-counts, kind="stable")[:DENSEST])
    places = np.unravel_index(cells[chosen], sizes)
    found = {
        name: values[place].tolist()
        for (name, (values, _)), place in zip(known.items(), places, strict=True)
    }
    found["iteration"] = [width * one for one in found["iteration"]]
    lines = history.lines.thinned(width)
    return {"bin": width, **found, "count": counts[chosen].tolist(), "lines": lines}
