"""Experiment `annecs` (arXiv 2003.08536): the accumulated number of novel environments created and
solved, over the iterations of a run.
"""

from __future__ import annotations

import numpy as np

from ..tables import Cell, Table

# ANNECS of Enhanced POET with CPPNs, by iteration.
PUBLISHED = {5_000: "11", 10_000: "43"}
NO_TRANSFER = "6-8"  # the paper's, without transfer
SHARES = (0.125, 0.25, 0.5, 0.75, 1.0)  # of the run


def annecs_table(annecs: np.ndarray, reference: np.ndarray, steps: np.ndarray) -> Table:
    """ANNECS at shares of the run and at the paper's iterations.

    annecs: [iterations], by the paper's definition. reference: [iterations], as the reference code
    counts. steps: [iterations], environment steps so far.
    """
    last = len(annecs) - 1
    places = {round(share * last) for share in SHARES} | {at for at in PUBLISHED if at <= last}
    rows: list[list[Cell]] = [
        [at, float(steps[at] / 1e6), int(annecs[at]), int(reference[at]), PUBLISHED.get(at, "-")]
        for at in sorted(places)
    ]
    columns = ("iteration", "M steps", "ANNECS", "reference code", "paper")
    known = ", ".join(f"{value} after {at:,}" for at, value in PUBLISHED.items())
    note = (
        f"the paper, with CPPNs and ES: {known} iterations; {NO_TRANSFER} without transfer; "
        "the reference code counts environments before they are solved"
    )
    return Table("annecs", columns, rows, note)
