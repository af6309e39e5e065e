"""The baselines of RL^2's bandit table, computed: a row of bandit_references.jsonl per cell and
strategy.

Duan et al. 2016 (arXiv 1611.02779). As in the paper, the parameter of a strategy is the best of
several for each cell; here it is chosen on other trials than those of the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from numpy.random import default_rng

from benchmarks.bandit_strategies import (
    Expected,
    Strategy,
    epsilon_greedy,
    gittins,
    greedy,
    play,
    thompson,
    ucb1,
)
from openpoet.envs.bandits import bayes_value

TRIALS, TUNING_TRIALS = 5000, 1000
EXACT_PULLS = 10  # up to which the optimal strategy is computed


class Cell(NamedTuple):
    """A cell of the table: independent arms, uniform in [0, 1]."""

    pulls: int
    arms: int

    def __str__(self) -> str:
        return f"{self.arms}x{self.pulls}"

    @classmethod
    def parse(cls, text: str) -> Cell:
        """The cell written as ARMSxPULLS. ValueError if it is none of the table's."""
        found = {str(cell): cell for cell in CELLS}
        if text not in found:
            raise ValueError(f"no cell {text!r} (ARMSxPULLS): choose from {' '.join(found)}")
        return found[text]


CELLS = tuple(Cell(pulls, arms) for pulls in (10, 100, 500) for arms in (5, 10, 50))

# strategy -> (parameter, number of pulls) -> Strategy; the parameters to choose from
FAMILIES: Mapping[str, tuple[Callable[[float, int], Strategy], tuple[float, ...]]] = {
    "greedy": (lambda _, pulls: greedy, (0.0,)),
    "epsilon-greedy": (lambda e, pulls: epsilon_greedy(e), (0.01, 0.02, 0.05, 0.1, 0.2)),
    "ucb1": (lambda c, pulls: ucb1(c), (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)),
    "thompson": (lambda _, pulls: thompson, (0.0,)),
    "gittins": (gittins, (0.9, 0.99, 0.999, 0.9999)),
}


class Reference(NamedTuple):
    """The expected return of a strategy in a cell; parameter: 0 if it has none."""

    pulls: int
    arms: int
    strategy: str
    parameter: float
    mean: float
    error: float


def references(cell: Cell) -> list[Reference]:
    """All strategies in a cell, `random` and, of few pulls, `optimal` exactly."""
    pulls, arms = cell
    found = [Reference(*cell, "random", 0.0, pulls / 2, 0.0)]
    for number, (name, (make, parameters)) in enumerate(FAMILIES.items()):

        def tried(
            parameter: float, trials: int, seed: int, make: Callable[..., Strategy] = make
        ) -> Expected:
            return play(make(parameter, pulls), arms, pulls, trials, default_rng(seed))

        best = max(parameters, key=lambda p: tried(p, TUNING_TRIALS, 0).mean)
        found.append(Reference(*cell, name, best, *tried(best, TRIALS, 1 + number)))
    if pulls <= EXACT_PULLS:
        # no strategy can pull more arms than it has pulls
        exact = bayes_value(pulls, ((0, 0),) * min(arms, pulls))
        found.append(Reference(*cell, "optimal", 0.0, exact, 0.0))
    return found
