"""A run as tables on the terminal: what `show` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from .measures import annecs_curve, children_of, lineage, number, outcomes, steps_by_purpose, transfers_by_kind
from .output import line

if TYPE_CHECKING:
    from poet.interfaces import Agent

Row = Mapping[str, Any]


def overview(rows: Mapping[str, Sequence[Row]], titles: Mapping[int, str]) -> RenderableType:
    """The whole run. rows: the archive's tables by name; titles: niche id -> its task in words."""
    niches = rows["niches"]
    return Group(
        _niches(niches, titles),
        Text(""),
        _tree(niches, titles),
        Text(""),
        *(line(text) for text in _facts(rows)),
    )


def one(niche: Row, rows: Mapping[str, Sequence[Row]], titles: Mapping[int, str], agent: Agent) -> RenderableType:
    """One niche: where it came from, its scores, what its agent learns by, and every agent that came or went."""
    id = niche["id"]
    lines = [
        f"niche {id}: {titles[id]}",
        f"born at iteration {niche['born']}, "
        + ("alive" if niche["died"] is None else f"retired at {niche['died']}")
        + f", novelty {number(niche['novelty'])}, first solved at {_or_dash(niche['solved'])}",
        f"score {number(niche['score'])}, best ever {number(niche['best'])}{_adapted(niche)}",
        "line of descent: " + " <- ".join(map(str, lineage(rows["niches"], id))),
    ]
    if niche["source"]:
        lines.append(f"seeded from {niche['source']}")
    if learned_by := ", ".join(_hyperparameters(agent)):
        lines.append(f"its agent learns by {learned_by}")
    lines += list(_traffic(id, rows["transfers"]))
    return Group(*map(line, lines))


def _hyperparameters(agent: Agent) -> Iterator[str]:
    """What an agent carries of them, in words; a stranger's agent may have any names."""
    for name, tensor in sorted(agent.items()):
        if name.startswith("hyper/") and name.removeprefix("hyper/").isidentifier() and tensor.numel() == 1:
            yield f"{name.removeprefix('hyper/')} {tensor.item():.4g}"


def _adapted(niche: Row) -> str:
    if niche["before"] is None or niche["score"] is None:
        return ""
    return f"; before adaptation {number(niche['before'])}, gain {number(niche['score'] - niche['before'])}"


def _traffic(niche: int, transfers: Sequence[Row]) -> Iterator[str]:
    for row in transfers:
        if row["accepted"] and not row["at_birth"] and niche in (row["source"], row["target"]):
            came = row["target"] == niche
            other = row["source"] if came else row["target"]
            what = f"took over the agent of {other}" if came else f"its agent went to {other}"
            scores = f"{number(row['bar'])} -> {number(row['score'])}"
            yield f"iteration {row['iteration']}: {what} ({row['kind']}, {scores})"


def _niches(niches: Sequence[Row], titles: Mapping[int, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    adapting = any(row["before"] is not None for row in niches)
    before = ("before",) if adapting else ()
    for name in ("niche", "parent", "born", "died", *before, "score", "best", "solved"):
        table.add_column(name, justify="right")
    table.add_column("task")
    for row in niches:
        cells = [row["id"], row["parent"], row["born"], row["died"]]
        numbers = [number(row[name]) for name in (*before, "score", "best")]
        style = "" if row["died"] is None else "dim"
        title = titles[row["id"]] + (f" [from {row['source']}]" if row["source"] else "")
        table.add_row(*map(_or_dash, cells), *numbers, _or_dash(row["solved"]), line(title), style=style)
    return table


def _tree(niches: Sequence[Row], titles: Mapping[int, str]) -> Tree:
    below = children_of(niches)
    root = Tree("lineage")
    waiting = [(root, row) for row in reversed(below.get(None, []))]
    while waiting:  # a line of descent can be longer than Python's stack
        branch, row = waiting.pop()
        state = "" if row["died"] is None else " (retired)"
        twig = branch.add(line(f"{row['id']} {number(row['score'])}{state}"))
        waiting += [(twig, child) for child in reversed(below.get(row["id"], []))]
    return root


def _facts(rows: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    tried = outcomes(rows["children"])
    if tried:
        yield "children tried: " + ", ".join(f"{count} {outcome}" for outcome, count in tried.items())
    for kind, (count, accepted) in transfers_by_kind(rows["transfers"]).items():
        yield f"transfers, {kind}: {accepted} of {count} accepted"
    curve = annecs_curve(rows["niches"])
    by_code = annecs_curve(rows["niches"], column="viable_to_retired", solved=False)
    yield f"ANNECS {curve[-1][1] if curve else 0} (as the reference code counts it: {by_code[-1][1] if by_code else 0})"
    steps = steps_by_purpose(rows["ledger"])
    total = sum(steps.values())
    yield f"environment steps: {total:,}"
    for purpose, count in steps.items():
        yield f"  {count / max(total, 1):6.1%}  {purpose}"
    for row in rows["settings"]:
        if row["iteration"]:
            yield f"{row['section']}.{row['key']} = {row['value']} from iteration {row['iteration']} on"


def _or_dash(value: Any) -> str:
    return "-" if value is None else str(value)
