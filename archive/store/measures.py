"""Summary statistics of a run as plain data, computed by SQLite in constant memory."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from . import rows
from .refusals import wrong
from .weights import NO_AGENT

if TYPE_CHECKING:
    from .contents import RunContents
    from .run_folder import Run

Row = Mapping[str, Any]

MOST_GROUPS = 50  # kinds, outcomes or purposes; a run has fewer than twenty
# of a niche, for expressions (seeds.select)
FIELDS = ("id", "parent", "born", "died", "score", "best", "solved", "novelty")


def number(value: float | None) -> str:
    """A score with about three significant digits: 231.5, -3.42, 0.93. Families differ in scale."""
    return "-" if value is None else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def each(run: RunContents, query: str, *parameters: Any) -> Iterator[dict[str, Any]]:
    """Iterator over the rows of a query as plain values. ValueError if the database is damaged."""
    try:
        found = run.database.execute(query, parameters)
        yield from map(
            rows.reader([column[0] for column in found.description], str(run.path)), found
        )
    except sqlite3.Error as error:
        raise ValueError(wrong(error, run.file)) from error


def fields(run: RunContents) -> Iterator[dict[str, Any]]:
    """The fields that an expression (seeds.select) may compare, of each niche, oldest first."""
    for row in each(run, f"SELECT {', '.join(FIELDS)} FROM niches ORDER BY id"):
        yield row | {"alive": row["died"] is None}


def with_agents(run: RunContents) -> Iterator[dict[str, Any]]:
    """The same fields of each niche whose agent is here; a pack has ancestors without agents."""
    if run.complete:
        return fields(run)
    held = {
        row["id"]
        for row in each(run, "SELECT id, agent FROM niches")
        if run.agents.holds(row["agent"])
    }
    return (row for row in fields(run) if row["id"] in held)


def acting(run: RunContents) -> Iterator[dict[str, Any]]:
    """The same without the levels of a curriculum, whose agents are empty."""
    levels = {row["id"] for row in each(run, "SELECT id FROM niches WHERE agent = ?", NO_AGENT)}
    return (row for row in with_agents(run) if row["id"] not in levels)


def evaluated(run: RunContents) -> Iterator[dict[str, Any]]:
    """The same without the antagonist of PAIRED: it alone has a parent and is never scored."""
    return (row for row in acting(run) if row["parent"] is None or row["score"] is not None)


def lineage(run: Run, niche: int, most: int) -> list[int]:
    """The niche and its ancestors, youngest first, at most `most`. ValueError if a parent is not
    older than its child.
    """
    line = [niche]
    while len(line) < most:
        (row,) = each(run, "SELECT parent FROM niches WHERE id = ?", line[-1])
        if row["parent"] is None:
            break
        elders = each(run, "SELECT id FROM niches WHERE id = ? AND id < ?", row["parent"], line[-1])
        if next(elders, None) is None:
            raise no_elder(run, line[-1], row["parent"])
        line.append(row["parent"])
    return line


def nearest(run: Run, chosen: set[int]) -> dict[int, int | None]:
    """The youngest ancestor of each chosen niche that is itself chosen; None if there is none.

    One pass over all niches, oldest first.
    """
    # for each niche so far: the niche itself if chosen, else its youngest chosen ancestor
    above: dict[int | None, int | None] = {None: None}
    found: dict[int, int | None] = {}
    for row in each(run, "SELECT id, parent FROM niches ORDER BY id"):
        id, parent = row["id"], row["parent"]
        if parent not in above:
            raise no_elder(run, id, parent)
        if id in chosen:
            found[id] = above[parent]
        above[id] = id if id in chosen else above[parent]
    return found


def no_elder(run: Run, niche: int, parent: int) -> ValueError:
    return ValueError(
        f"{run.path}: niche {niche} must have an elder niche as its parent, got {parent}"
    )


def transfers_by_kind(run: Run) -> dict[str, tuple[int, int]]:
    """Numbers of transfers tried and accepted, by kind: "direct", "proposal", and two at birth."""
    query = f"""SELECT kind, at_birth, count(*) AS tried, sum(accepted) AS taken FROM transfers
        GROUP BY kind, at_birth ORDER BY kind, at_birth LIMIT {MOST_GROUPS}"""
    return {
        f"{row['kind']:.100} at birth" if row["at_birth"] else row["kind"][:100]: (
            row["tried"],
            row["taken"],
        )
        for row in each(run, query)
    }


def outcomes(run: Run) -> dict[str, int]:
    """Number of candidates by outcome, in descending order."""
    query = f"""SELECT outcome, count(*) AS number FROM children
        GROUP BY outcome ORDER BY number DESC, min(id) LIMIT {MOST_GROUPS}"""
    return {row["outcome"][:100]: row["number"] for row in each(run, query)}


def steps_by_purpose(run: Run) -> dict[str, int]:
    """Environment steps of the whole run by purpose, in descending order."""
    query = f"""SELECT purpose, sum(steps) AS steps FROM ledger
        GROUP BY purpose ORDER BY sum(steps) DESC, min(iteration) LIMIT {MOST_GROUPS}"""
    return {row["purpose"][:100]: row["steps"] for row in each(run, query)}


def annecs(run: Run) -> tuple[int, int]:
    """ANNECS of the run: the paper's (Enhanced POET, arXiv 2003.08536), and the reference code's.

    The paper counts niches that met the minimal criterion against all agents so far at birth and
    have been solved. The reference code (B5) tests against retired agents only and counts at birth,
    solved or not.
    """
    query = """SELECT coalesce(sum(viable_to_all AND solved IS NOT NULL), 0) AS paper,
        coalesce(sum(viable_to_retired), 0) AS reference FROM niches"""
    (row,) = each(run, query)
    return row["paper"], row["reference"]


def progress(run: Run) -> dict[str, list[float | None]]:
    """What the run had reached after each iteration: columns by name, one entry an iteration.

    steps: environment steps so far; seconds: clock time so far [s]; solved: tasks solved so far;
    annecs, best and median: as in the table; of a run with a curriculum, best and median are the
    student's score, since those of its levels are no returns. ValueError if the run holds no
    iteration, or if it is a selection of niches, whose iterations have gaps.
    """
    if not run.complete:
        raise ValueError(f"{run.path} holds selected niches without the iterations of their run")
    run.last_iteration()
    solved = Counter(
        row["solved"] for row in each(run, "SELECT solved FROM niches WHERE solved IS NOT NULL")
    )
    columns = "iteration, steps, clock_seconds, annecs, best, median"
    found = list(each(run, f"SELECT {columns} FROM iterations ORDER BY iteration"))
    names = ("steps", "annecs", "best", "median")
    if any(each(run, "SELECT id FROM niches WHERE agent = ? LIMIT 1", NO_AGENT)):
        scores = {
            row["iteration"]: row["score"]
            for row in each(run, "SELECT iteration, score FROM scores WHERE niche = 0")
        }
        found = [row | dict.fromkeys(names[2:], scores.get(row["iteration"])) for row in found]
    return {name: [row[name] for row in found] for name in names} | {
        "seconds": list(accumulate(row["clock_seconds"] for row in found)),
        "solved": list(accumulate(solved[row["iteration"]] for row in found)),
    }
