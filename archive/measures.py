"""What `show` tells of a run: counts and trees over the archive's rows, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def number(value: float | None) -> str:
    """A score as people read it: 231.5, -3.42, 0.93; some families pay hundreds, others at most 1."""
    return "-" if value is None else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def children_of(niches: Sequence[Row]) -> dict[int | None, list[Row]]:
    """The niches below each niche; under None those without a parent. By age."""
    tree: dict[int | None, list[Row]] = {}
    for niche in sorted(niches, key=lambda row: row["id"]):
        tree.setdefault(niche["parent"], []).append(niche)
    return tree


def lineage(niches: Sequence[Row], niche: int) -> list[int]:
    """The niche and its forebears, youngest first."""
    parents = {row["id"]: row["parent"] for row in niches}
    line = [niche]
    while (parent := parents[line[-1]]) is not None:
        line.append(parent)
    return line


def transfers_by_kind(transfers: Iterable[Row]) -> dict[str, tuple[int, int]]:
    """Tried and accepted, by "direct", "proposal", and the two at birth."""
    tried, accepted = Counter[str](), Counter[str]()
    for row in transfers:
        kind = f"{row['kind']} at birth" if row["at_birth"] else str(row["kind"])
        tried[kind] += 1
        accepted[kind] += bool(row["accepted"])
    return {kind: (tried[kind], accepted[kind]) for kind in sorted(tried)}


def outcomes(children: Iterable[Row]) -> dict[str, int]:
    """What became of the candidates, the commonest first."""
    return dict(Counter(str(row["outcome"]) for row in children).most_common())


def steps_by_purpose(ledger: Iterable[Row]) -> dict[str, int]:
    """Environment steps of the whole run by purpose, the largest first."""
    total = Counter[str]()
    for row in ledger:
        total[str(row["purpose"])] += int(row["steps"])
    return dict(total.most_common())


def annecs_curve(niches: Sequence[Row], *, column: str = "viable_to_all", solved: bool = True) -> list[tuple[int, int]]:
    """(iteration, ANNECS from then on), a pair for each rise.

    The paper's: viable to all agents ever at birth, counted when solved. The reference code's (B5): `column` =
    "viable_to_retired", counted at birth whether solved or not.
    """
    counted = [row for row in niches if row[column] and (row["solved"] is not None or not solved)]
    rises = Counter(row["solved"] if solved else row["born"] for row in counted)
    curve, total = [], 0
    for iteration in sorted(rises):
        total += rises[iteration]
        curve.append((iteration, total))
    return curve
