"""Experiment `no-transfer` (arXiv 1901.01753, figure 8): what a run of POET has created and solved,
against a run in which agents never move between niches, not at birth either.
"""

from __future__ import annotations

from ..tables import Cell, Table
from .classes import NAMES, Worlds

PUBLISHED = {3: "0 solved without transfer"}


def classes_table(worlds: Worlds, control: Worlds) -> Table:
    """A row a class: environments created and solved in the run and in the control."""
    rows: list[list[Cell]] = []
    for level, name in enumerate(NAMES):
        counts: list[Cell] = []
        for one in (worlds, control):
            here = one.levels == level
            counts += [int(here.sum()), int((here & one.is_solved).sum())]
        rows.append([name, *counts, PUBLISHED.get(level, "-")])
    columns = ("class", "created", "solved", "created without", "solved without", "paper")
    return Table("no-transfer", columns, rows)
