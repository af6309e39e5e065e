"""RL^2 (arXiv 1611.02779) on bandit trials of 100 pulls, 10 arms: more than Thompson sampling.

The paper gives 83.5, 82.8 for Gittins indices and 76.7 for Thompson sampling, which are computed
here; random pulls give 50. The other cells of the table: benchmarks/bandit_table.py.
"""

from __future__ import annotations

from benchmarks.bandit_references import Cell, references
from benchmarks.bandit_table import trained, verdict
from benchmarks.claims.claim import Claim

CELL = Cell(pulls=100, arms=10)


def claims() -> list[Claim]:
    computed = {row.strategy: row.mean for row in references(CELL)}
    row = trained(CELL)
    print(
        f"{row.mean:.2f} +- {row.error:.2f} after {row.trained:.1f} M pulls, against the published "
        f"value: {verdict(row)}"
    )
    return [
        Claim("Gittins indices", computed["gittins"], 82.5, 84.5),
        Claim("Thompson sampling", computed["thompson"], 76.5, 77.5),
        Claim("RL^2", row.mean, computed["thompson"]),
    ]
