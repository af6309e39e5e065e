"""The first difference between two runs: its iteration, what it is about, and both values.

What differs between equal runs (digest.py) is not compared. Where one run is longer, both are
compared up to the last iteration of the shorter one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from .digest import counts
from .schema import ORDER

if TYPE_CHECKING:
    from .run_folder import Run

Row = Mapping[str, Any]

# In the order in which an iteration computes them.
TABLES = ("settings", "children", "transfers", "scores", "retired_scores", "ledger", "iterations")
AT_BIRTH = ("parent", "born", "task", "novelty", "viable_to_all", "viable_to_retired")
MISSING = "nothing"  # the value where only the other run has the row


@dataclass(frozen=True)
class Difference:
    """Two values that differ. what: a row in words; empty for the iteration as a whole."""

    iteration: int
    what: str
    name: str
    left: Any
    right: Any


def settings(left: Run, right: Run) -> list[Difference]:
    """All settings of the launch that differ and can change a result."""
    found = []
    rows = [
        {(r["section"], r["key"]): r for r in run.each("settings") if r["iteration"] == 0}
        for run in (left, right)
    ]
    for place in sorted({*rows[0], *rows[1]}):
        pair = [table.get(place) for table in rows]
        if not any(row is not None and counts(row) for row in pair):
            continue
        mine, its = (MISSING if row is None else row["value"] for row in pair)
        if mine != its:
            found.append(Difference(0, "", ".".join(place), mine, its))
    return found


def first_difference(left: Run, right: Run) -> Difference | None:
    """The earliest difference after the settings of the launch; None if there is none.

    ValueError if one is a whole run and the other a selection of niches.
    """
    if left.complete != right.complete:
        part = right if left.complete else left
        raise ValueError(f"{part.path} holds selected niches, so it cannot equal a whole run")
    ends = [left.last_iteration(), right.last_iteration()]
    common = min(ends)
    found = [
        difference
        for table in TABLES
        if (difference := _of_table(table, left, right, common)) is not None
    ]
    found += _of_niches(left, right, common, latest=ends[0] == ends[1])
    if ends[0] != ends[1]:
        found.append(Difference(common + 1, "", "end of the run", *ends))
    return min(found, key=lambda difference: difference.iteration, default=None)


def _of_table(table: str, left: Run, right: Run, common: int) -> Difference | None:
    pairs = zip_longest(_rows(table, left, common), _rows(table, right, common))
    for mine, its in pairs:
        if mine == its:
            continue
        key = ORDER[table]
        if mine is None or its is None or [mine[k] for k in key] != [its[k] for k in key]:
            mine_first = its is None or (
                mine is not None and _place(table, mine) <= _place(table, its)
            )
            row = mine if mine_first else its
            assert row is not None
            values = ("a row", MISSING) if mine_first else (MISSING, "a row")
            return Difference(row["iteration"], _words(table, row), "", *values)
        name = next(name for name in mine if mine[name] != its[name])
        return _inside(mine["iteration"], _words(table, mine), name, mine[name], its[name])
    return None


def _place(table: str, row: Row) -> list[Any]:
    return [row[name] for name in ORDER[table]]


def _rows(table: str, run: Run, common: int) -> Iterator[Row]:
    seeded = table == "iterations" and _seeded(run)
    for row in run.each(table):
        if row["iteration"] > common:
            return
        if table == "settings" and (row["iteration"] == 0 or not counts(row)):
            continue
        # the hash of the state covers names of sources, which equal runs may not share
        left_out = ("chain", "clock_seconds", *(("state",) if seeded else ()))
        yield {name: cell for name, cell in row.items() if name not in left_out}


def _seeded(run: Run) -> bool:
    query = "SELECT EXISTS (SELECT 1 FROM niches WHERE source IS NOT NULL)"
    return bool(run.database.execute(query).fetchone()[0])


def _of_niches(left: Run, right: Run, common: int, *, latest: bool) -> list[Difference]:
    """The earliest difference of each niche; latest: whether to compare its last agent, too."""
    found = []
    for mine, its in zip_longest(_niches(left, common), _niches(right, common)):
        if mine is None or its is None:
            row, values = (
                (its, (MISSING, "a niche")) if mine is None else (mine, ("a niche", MISSING))
            )
            found.append(Difference(row["born"], f"niche {row['id']}", "", *values))
            break
        names = [name for name in mine if mine[name] != its[name] and name != "source"]
        for name in names:
            times = [time for time in (mine[name], its[name]) if time is not None]
            if name in AT_BIRTH:
                at = min(mine["born"], its["born"])
            elif name in ("died", "solved"):
                at = min(times)
            elif latest:
                at = common
            else:
                continue
            found.append(_inside(at, f"niche {mine['id']}", name, mine[name], its[name]))
    return found


def _niches(run: Run, common: int) -> Iterator[dict[str, Any]]:
    """The niches as they were after an iteration, as far as their rows say."""
    for row in run.each("niches"):
        if row["born"] > common:
            return
        later = [name for name in ("died", "solved") if (row[name] or 0) > common]
        yield {**row, **dict.fromkeys(later)}


def _inside(iteration: int, what: str, name: str, left: Any, right: Any) -> Difference:
    """The difference, with the name of the part that differs if the values are JSON."""
    while True:
        if isinstance(left, dict) and isinstance(right, dict):
            pairs = {
                key: (left.get(key, MISSING), right.get(key, MISSING)) for key in {**left, **right}
            }
            key = next(key for key in sorted(pairs) if pairs[key][0] != pairs[key][1])
            name, (left, right) = f"{name}.{key}", pairs[key]
        elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
            place = next(i for i, (a, b) in enumerate(zip(left, right, strict=True)) if a != b)
            name, left, right = f"{name}[{place}]", left[place], right[place]
        else:
            return Difference(iteration, what, name, left, right)


def _words(table: str, row: Row) -> str:
    match table:
        case "settings":
            return f"{row['section']}.{row['key']}"
        case "children":
            return f"candidate {row['id']} of niche {row['parent']}"
        case "transfers":
            target = f"{'candidate' if row['at_birth'] else 'niche'} {row['target']}"
            return f"transfer ({row['kind']}) from niche {row['source']} to {target}"
        case "scores":
            return f"niche {row['niche']}"
        case "retired_scores":
            return f"the agent of niche {row['source']} in niche {row['niche']}"
        case "ledger":
            return f"environment steps of {row['purpose']}"
    return ""
