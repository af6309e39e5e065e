"""ANNECS at the paper's iterations."""

from __future__ import annotations

import numpy as np

from openpoet.arena.experiments.annecs import annecs_table


def test_a_short_run_is_read_at_shares_of_its_length() -> None:
    counts = np.arange(9)
    rows = annecs_table(counts, 2 * counts, counts * 10**6).rows
    assert [row[0] for row in rows] == [1, 2, 4, 6, 8]
    assert rows[-1] == [8, 8.0, 8, 16, "-"]


def test_a_long_run_has_the_papers_iterations_beside_ours() -> None:
    counts = np.arange(12_001) // 1000
    papers = {row[0]: row[2:] for row in annecs_table(counts, counts, counts).rows}
    assert papers[5000] == [5, 5, "11"]
    assert papers[10000] == [10, 10, "43"]
