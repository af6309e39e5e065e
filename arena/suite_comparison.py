"""Methods compared on a suite of worlds: a run a seed, a method in up to three ways.

A population stands for its run in the ways of `population.entries`: as an oracle, as the agent that
was chosen on the validation, as the mean of its agents. A single agent is the same in all ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from .population import CHOSEN as CHOSEN
from .population import MEAN as MEAN
from .population import ORACLE as ORACLE
from .population import Entry
from .statistics import (
    ALPHAS,
    Estimate,
    Mean,
    interquartile_mean,
    mean,
    performance_profile,
    probability_of_improvement,
    risk,
)
from .tables import Cell, Table

WAYS = (ORACLE, CHOSEN, MEAN)
THRESHOLDS = 21  # points of a performance profile


@dataclass(frozen=True, eq=False)
class Result:
    """A run on the suite. worlds: their names. ways: its entries by way."""

    run: str
    method: str
    seed: int
    worlds: tuple[str, ...]
    ways: Mapping[str, Entry]

    def returns(self, way: str) -> np.ndarray:
        """Mean returns over episodes, [worlds]."""
        return self.ways[way].returns.mean(1)

    def solved(self, way: str) -> np.ndarray:
        """Shares of solved episodes, [worlds]."""
        return self.ways[way].solved.mean(1)


def by_way(entries: Sequence[Entry]) -> dict[str, Entry]:
    """The entries of one run (`population.entries`) by way; of a single agent the same for all."""
    if len(entries) == 1:
        return dict.fromkeys(WAYS, entries[0])
    return {entry.name: entry for entry in entries}


def ways_of(results: Sequence[Result]) -> list[str]:
    """The ways in which every run is there; of single agents only, one way."""
    found = [way for way in WAYS if all(way in result.ways for result in results)]
    single = all(entry is r.ways[MEAN] for r in results for entry in r.ways.values())
    return [MEAN] if single else found


def methods_of(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Results by method. ValueError if they are not of the same worlds."""
    found: dict[str, list[Result]] = {}
    for result in results:
        if result.worlds != results[0].worlds:
            raise ValueError(f"{result.run} and {results[0].run} must have the same worlds")
        found.setdefault(result.method, []).append(result)
    return found


def _cells(results: Sequence[Result]) -> Iterator[tuple[str, str, list[Result]]]:
    for way in ways_of(results):
        for method, repeats in methods_of(results).items():
            yield way, method, repeats


def _returns(repeats: Sequence[Result], way: str) -> np.ndarray:
    """[seeds, worlds]"""
    return np.stack([result.returns(way) for result in repeats])


def suite_table(results: Sequence[Result]) -> Table:
    """A row a way and method: return and share of solved episodes over all worlds."""
    rows: list[list[Cell]] = []
    for way, method, repeats in _cells(results):
        returns = _returns(repeats, way)
        solved = mean([result.solved(way).mean() for result in repeats])
        rows.append([way, method, len(repeats), mean(returns.mean(1)), interquartile_mean(returns)])
        rows[-1].append(solved)
    columns = ("agents", "method", "seeds", "return", "interquartile mean", "solved")
    note = (
        "return and solved: mean over worlds and seeds ± standard error over seeds; interquartile "
        "mean with 95 % stratified bootstrap interval; an oracle is an upper bound"
    )
    return Table("suite", columns, rows, note)


def worlds_table(results: Sequence[Result]) -> Table:
    """A row a run, way and world."""
    rows: list[list[Cell]] = [
        [r.method, r.run, r.seed, way, world, float(returns), float(solved)]
        for r in results
        for way in ways_of(results)
        for world, returns, solved in zip(r.worlds, r.returns(way), r.solved(way), strict=True)
    ]
    columns = ("method", "run", "seed", "agents", "world", "return", "solved")
    return Table("suite-worlds", columns, rows)


def improvement_table(results: Sequence[Result]) -> Table:
    """A row an ordered pair of methods, by way."""
    methods = methods_of(results)
    rows: list[list[Cell]] = []
    for way in ways_of(results):
        for ours, theirs in permutations(methods, 2):
            pair = _returns(methods[ours], way), _returns(methods[theirs], way)
            rows.append([way, ours, theirs, probability_of_improvement(*pair)])
    note = "that a seed of the method has a higher return than one of the other in the same world"
    return Table("improvement", ("agents", "method", "over", "probability"), rows, note)


def profiles(results: Sequence[Result], way: str) -> tuple[np.ndarray, dict[str, list[Estimate]]]:
    """Thresholds [points] from the lowest to the highest return, and the profile of each method."""
    every = np.concatenate([result.returns(way) for result in results])
    thresholds = np.linspace(every.min(), every.max(), THRESHOLDS)
    return thresholds, {
        method: performance_profile(_returns(repeats, way), thresholds.tolist())
        for method, repeats in methods_of(results).items()
    }


def profile_table(results: Sequence[Result]) -> Table:
    """A row a way, method and threshold: share of seeds and worlds with a higher return."""
    rows: list[list[Cell]] = []
    for way in ways_of(results):
        thresholds, found = profiles(results, way)
        for method, values in found.items():
            rows += [
                [way, method, float(threshold), value]
                for threshold, value in zip(thresholds, values, strict=True)
            ]
    return Table("profile", ("agents", "method", "threshold", "share"), rows)


def risks(results: Sequence[Result], way: str) -> tuple[list[float], dict[str, list[Mean]]]:
    """Shares of the worst worlds, and the risk of each method at them, a mean over its seeds.

    Worlds are ranked on the first half of the episodes and measured on the rest. ValueError if
    there are fewer than two episodes, or for an oracle, whose agents are chosen on all of them.
    """
    if way == ORACLE:
        raise ValueError("the risk of an oracle is not defined: its agents saw all episodes")
    if (episodes := results[0].ways[way].solved.shape[1]) < 2:
        raise ValueError("risk needs at least 2 episodes in a world: one ranks it, one is measured")
    worlds = len(results[0].worlds)
    alphas = [alpha for alpha in ALPHAS if alpha * worlds >= 1]
    half = episodes // 2
    found = {}
    for method, repeats in methods_of(results).items():
        parts = [result.ways[way].solved for result in repeats]
        values = np.stack([risk(p[:, :half].mean(1), p[:, half:].mean(1), alphas) for p in parts])
        found[method] = [mean(column) for column in values.T]
    return alphas, found


def risk_table(results: Sequence[Result]) -> Table:
    """A row a way, method and share of worlds: mean share of solved episodes in the worst."""
    rows: list[list[Cell]] = []
    for way in ways_of(results):
        if way != ORACLE:
            alphas, found = risks(results, way)
            for method, values in found.items():
                rows += [[way, method, *pair] for pair in zip(alphas, values, strict=True)]
    note = (
        "solved: of the episodes in the worst alpha of all worlds, which are ranked on one half of "
        "the episodes and measured on the other"
    )
    return Table("risk", ("agents", "method", "alpha", "solved"), rows, note)
