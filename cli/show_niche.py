"""One niche on the terminal: task, scores, ancestors, its agent's hyperparameters, transfers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from rich.console import RenderableType

from openpoet.archive.store import measures
from openpoet.archive.store.measures import each, number

from .output import line
from .show import COLUMNS, LONGEST, Row, Title, columns_of, or_dash

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run
    from openpoet.poet.interfaces import Agent

MOST_LINES = 100  # ancestors or transfers of one niche


def one(run: Run, id: int, title: Title, agent: Agent) -> Iterator[RenderableType]:
    """One niche: its task, scores, ancestors, its agent's hyperparameters, and transfers."""
    row = columns_of(run, id, f"{COLUMNS}, novelty")
    yield line(f"niche {id}: {title(row['task'])}")
    state = "alive" if row["died"] is None else f"retired at {row['died']}"
    novelty, solved = number(row["novelty"]), or_dash(row["solved"])
    yield line(
        f"born at iteration {row['born']}, {state}, novelty {novelty}, first solved at {solved}"
    )
    yield line(f"score {number(row['score'])}, best ever {number(row['best'])}{_adapted(row)}")
    ancestors = measures.lineage(run, id, MOST_LINES)
    more = " <- ..." if len(ancestors) == MOST_LINES else ""
    yield line("line of descent: " + " <- ".join(map(str, ancestors)) + more)
    if row["source"]:
        yield line(f"seeded from {row['source']:.{LONGEST}}")
    if learned_by := ", ".join(islice(_hyperparameters(agent), MOST_LINES)):
        yield line(f"its agent learns by {learned_by}")
    yield from map(line, _traffic(run, id))


def _hyperparameters(agent: Agent) -> Iterator[str]:
    """The agent's hyperparameters in words; agents from others may have any names."""
    for name, tensor in sorted(agent.items()):
        if (
            name.startswith("hyper/")
            and name.removeprefix("hyper/").isidentifier()
            and tensor.numel() == 1
        ):
            yield f"{name.removeprefix('hyper/')} {tensor.item():.4g}"


def _adapted(niche: Row) -> str:
    if niche["before"] is None or niche["score"] is None:
        return ""
    return (
        f"; before adaptation {number(niche['before'])}, gain "
        f"{number(niche['score'] - niche['before'])}"
    )


def _traffic(run: Run, niche: int) -> Iterator[str]:
    """The last transfers to and from the niche that were accepted, oldest first."""
    where = "WHERE accepted AND NOT at_birth AND (source = ?1 OR target = ?1)"
    total = next(each(run, f"SELECT count(*) AS number FROM transfers {where}", niche))["number"]
    if total > MOST_LINES:
        yield f"{total - MOST_LINES:,} earlier transfers are not shown: --json has them"
    last = f"SELECT * FROM transfers {where} ORDER BY id DESC LIMIT {MOST_LINES}"
    for row in reversed(list(each(run, last, niche))):
        came = row["target"] == niche
        other = row["source"] if came else row["target"]
        what = f"took over the agent of {other}" if came else f"its agent went to {other}"
        scores = f"{number(row['bar'])} -> {number(row['score'])}"
        yield f"iteration {row['iteration']}: {what} ({row['kind']}, {scores})"
