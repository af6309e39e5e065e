"""The papers' experiments over several seeds: values by seed beside the paper's, and whether what
the paper found shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..statistics import Estimate, confidence
from ..tables import Cell, Table, text

Values = Mapping[str, Sequence[float | None]]  # by measure, in the order of the seeds


@dataclass(frozen=True)
class Measure:
    """A number that an experiment gives for each seed. paper: the paper's, in words."""

    experiment: str
    name: str
    paper: str = "-"

    @property
    def key(self) -> str:
        return f"{self.experiment}: {self.name}"


@dataclass(frozen=True)
class Finding:
    """What the paper found, as bounds of the mean of a measure over seeds.

    claim: a clause that is true if the mean lies between `least` and `most`.
    """

    measure: Measure
    claim: str
    least: float = -math.inf
    most: float = math.inf

    def sentence(self, values: Sequence[float | None]) -> str:
        """Whether it shows: the 95 % interval of the mean lies within the bounds, outside of them,
        or across. With fewer than two seeds there is no interval.
        """
        known = [value for value in values if value is not None]
        if len(known) < 2:
            return (
                f"{self.claim}: cannot be judged, {len(known)} of {len(values)} seeds have values"
            )
        found = confidence(known)
        assert found.low is not None
        assert found.high is not None
        if self.least < found.low and found.high < self.most:
            verdict = "shows"
        elif found.high <= self.least or found.low >= self.most:
            verdict = "does not show"
        else:
            verdict = "is not decided"
        return f"{self.claim}: {verdict}, {self.measure.name} {found} over {len(known)} seeds"


def over_seeds(values: Sequence[float | None]) -> Estimate | None:
    """The mean with its 95 % interval over the seeds that have a value; None if none has."""
    known = [value for value in values if value is not None]
    return confidence(known) if known else None


def seeds_table(measures: Sequence[Measure], values: Values) -> Table:
    """A row a measure: the value of each seed, "-" where there is none, and their mean."""
    rows: list[list[Cell]] = []
    for one in measures:
        found = values[one.key]
        each = "  ".join(text(value) for value in found)
        rows.append([one.experiment, one.name, each, over_seeds(found), one.paper])
    note = "mean [95 % interval] over the seeds that have a value"
    return Table("seeds", ("experiment", "measure", "by seed", "mean", "paper"), rows, note)


def difference(first: float | None, second: float | None) -> float | None:
    """first - second; None if one of them is missing."""
    return None if first is None or second is None else first - second
