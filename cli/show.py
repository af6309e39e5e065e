"""A run as tables on the terminal and as JSON, produced piece by piece to bound memory."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.tree import Tree

from openpoet.archive.seeds.select import chooser, held
from openpoet.archive.store import measures
from openpoet.archive.store.measures import each, number

from .output import line

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run

Row = Mapping[str, Any]
Title = Callable[[Any], str]  # of an encoded task

FEW = 30  # niches that are shown where a run has more
MOST_TREE = 300  # niches of a tree
DEEPEST = 10  # levels of a tree below its first: they fit into 80 columns
LONGEST = 200  # characters of a text; archives from others may have texts of any length
MOST_CHANGES = 100  # of settings
AT_ONCE = 200  # rows of a table; a longer one is printed in pieces
COLUMNS = "id, parent, born, died, before, score, best, solved, source, task"
JSON_TABLES = ("children", "transfers", "ledger", "iterations", "settings", "niches")


def overview(
    run: Run, title: Title, expression: str | None, whole: bool
) -> Iterator[RenderableType]:
    """The whole run, piece by piece.

    expression: which niches (`--select`); None: all. Of more than FEW the best, unless `whole`.
    """
    total = next(each(run, "SELECT count(*) AS number FROM niches"))["number"]
    if not total:
        raise _empty(run)
    chosen, kept = _chosen(run, expression, whole)
    if expression and not kept:
        there = f": {what}" if (what := held(expression, measures.fields(run))) else ""
        raise ValueError(
            f'--select "{expression}" keeps none of the {total} niches of {run.path}{there}'
        )
    yield from _niches(run, chosen, title)
    if len(chosen) < kept:
        yield line(
            f"{kept - len(chosen):,} more of {total:,} niches: --all shows them; `--select EXPR` "
            "chooses, such as "
            '"alive and solved"; `show RUN NICHE` shows one; --json has everything'
        )
    if not run.complete:
        acting = sum(1 for _ in measures.with_agents(run))
        yield line(f"{acting:,} of {total:,} niches have agents here, the others are ancestors")
    yield line("")
    if len(chosen) <= MOST_TREE:
        yield _tree(run, chosen)
    else:
        yield line(
            f"lineage: not drawn for more than {MOST_TREE} niches; `show RUN NICHE` has a "
            "line of descent"
        )
    yield line("")
    yield from map(line, _facts(run))


def niche_row(run: Run, niche: int) -> Row:
    """Task and agent of a niche. ValueError, one line, if there is none of this number."""
    for row in each(run, "SELECT task, agent FROM niches WHERE id = ?", niche):
        return row
    last = next(each(run, "SELECT max(id) AS id FROM niches"))["id"]
    if last is None:
        raise _empty(run)
    raise ValueError(f"there is no niche {niche} in {run.path}: it has 0 to {last}")


def _empty(run: Run) -> ValueError:
    return ValueError(
        f"{run.path} holds no iteration yet: its first population is not scored, or never was"
    )


def _chosen(run: Run, expression: str | None, whole: bool) -> tuple[list[int], int]:
    """Ids of the niches to show, by age, and how many there were to choose from.

    The best are those alive with the highest scores, then the retired with the highest.
    """
    keep = chooser(expression or "true", [*measures.FIELDS, "alive"])
    kept = 0

    def ranks() -> Iterator[tuple[Any, ...]]:
        nonlocal kept
        for row in measures.fields(run):
            if keep(row):
                kept += 1
                score = row["score"]
                yield row["alive"], score is not None, score or 0.0, -row["id"]

    best = list(ranks()) if whole else heapq.nlargest(FEW, ranks())
    return sorted(-rank[-1] for rank in best), kept


def _niches(run: Run, ids: Sequence[int], title: Title) -> Iterator[Table]:
    """Tables of AT_ONCE rows, all of the same columns."""
    adapting = next(
        each(run, "SELECT EXISTS (SELECT 1 FROM niches WHERE before IS NOT NULL) AS some")
    )["some"]
    names = (
        "niche",
        "parent",
        "born",
        "died",
        *(("before",) if adapting else ()),
        "score",
        "best",
        "solved",
    )
    widths = (
        {name: len(f"{max(ids, default=0)}") for name in ("niche", "parent")}
        if len(ids) > AT_ONCE
        else {}
    )
    for first in range(0, max(1, len(ids)), AT_ONCE):
        table = Table(box=None, pad_edge=False, header_style="bold", show_header=first == 0)
        for name in names:
            table.add_column(
                name,
                justify="right",
                min_width=max(len(name), widths.get(name, 6)) if widths else None,
            )
        table.add_column("task")
        for id in ids[first : first + AT_ONCE]:
            row = columns_of(run, id)
            cells = [row["id"], row["parent"], row["born"], row["died"]]
            numbers = [number(row[name]) for name in names[4:-1]]
            words = title(row["task"]) + (
                f" [from {row['source']:.{LONGEST}}]" if row["source"] else ""
            )
            style = "" if row["died"] is None else "dim"
            table.add_row(
                *map(or_dash, cells), *numbers, or_dash(row["solved"]), line(words), style=style
            )
        yield table


def columns_of(run: Run, id: int, columns: str = COLUMNS) -> Row:
    """Columns of one niche."""
    return next(each(run, f"SELECT {columns} FROM niches WHERE id = ?", id))


def _tree(run: Run, ids: Sequence[int]) -> Tree:
    """The niches under their nearest ancestors among them, up to DEEPEST levels; below, beside
    them.
    """
    root = Tree("lineage")
    above = measures.nearest(run, set(ids))
    twigs: dict[int | None, tuple[Tree, int]] = {None: (root, 0)}  # where children go, their depth
    for id in sorted(above):  # parents come first
        row = columns_of(run, id, "parent, score, died")
        state = "" if row["died"] is None else " (retired)"
        twig, depth = twigs[above[id]]
        named = row["parent"] != above[id] or depth > DEEPEST
        parent = f", child of {row['parent']}" if named else ""
        added = twig.add(line(f"{id} {number(row['score'])}{state}{parent}"))
        twigs[id] = (added, depth + 1) if depth < DEEPEST else (twig, DEEPEST + 1)
    return root


def _facts(run: Run) -> Iterator[str]:
    if tried := measures.outcomes(run):
        yield "children tried: " + ", ".join(
            f"{count} {outcome}" for outcome, count in tried.items()
        )
    for kind, (count, accepted) in measures.transfers_by_kind(run).items():
        yield f"transfers, {kind}: {accepted} of {count} accepted"
    if run.settings().get("poet", {}).get("measure_annecs", True):
        paper, reference = measures.annecs(run)
        yield f"ANNECS {paper} (as the reference code counts it: {reference})"
    else:
        yield "ANNECS is not measured (poet.measure_annecs is false)"
    steps = measures.steps_by_purpose(run)
    total = sum(steps.values())
    yield f"environment steps: {total:,}"
    for purpose, count in steps.items():
        yield f"  {count / max(total, 1):6.1%}  {purpose}"
    for row in each(
        run, f"SELECT * FROM settings WHERE iteration > 0 ORDER BY iteration LIMIT {MOST_CHANGES}"
    ):
        setting = f"{row['section']}.{row['key']} = {row['value']!s:.{LONGEST}}"
        yield f"{setting} from iteration {row['iteration']} on"


def as_json(run: Run, settings: Mapping[str, Any]) -> Iterator[str]:
    """Settings and tables as one JSON object, a line a row, each row read when its line is due."""
    yield f'{{"config": {json.dumps(settings)}'
    for table in JSON_TABLES:
        yield f',\n"{table}": ['
        for place, row in enumerate(run.each(table)):
            yield (",\n" if place else "\n") + json.dumps(row)
        yield "\n]"
    yield "\n}\n"


def or_dash(value: Any) -> str:
    """A value as a cell of a table."""
    return "-" if value is None else str(value)
