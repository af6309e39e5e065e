"""An evaluation as tables on the terminal: worlds as rows, returns and solved rates with 95 %
intervals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from openpoet.archive.store.measures import number
from openpoet.arena.adaptation import CONTROLS
from openpoet.arena.intervals import Interval, of_mean, of_rate
from openpoet.arena.population import CHOSEN, ORACLE, Entry, entries

from ..output import line
from .evaluating import ADAPTED, Evaluation, Plan

if TYPE_CHECKING:
    from openpoet.arena.adaptation import Adaptation
    from openpoet.arena.scores import Scores

WORDS = {
    "mean": "most likely actions",
    "sampled": "sampled actions",
    ADAPTED: "the last episode of a trial, after adaptation",
}
MOST_ROWS = 50  # worlds of a table; of more worlds it has quantiles
QUANTILES = {0.0: "lowest", 0.05: "5 %", 0.25: "25 %", 0.5: "median", 0.75: "75 %", 0.95: "95 %",
             1.0: "highest"}  # fmt: skip


def tables(found: Evaluation) -> Iterator[RenderableType]:
    """The evaluation, piece by piece."""
    plan, agents = found.plan, found.contestants.agents
    yield line(
        f"{plan.suite.name} version {plan.suite.version}, {plan.episodes} episodes a world; "
        f"solved: {_rule(found)}; {_counted(len(agents), 'agent')} of "
        f"{found.contestants.source}"
    )
    for kind, scores in found.scores.items():
        yield line("")
        yield line(f"{WORDS[kind]}, with 95 % intervals over episodes")
        columns = entries(scores, found.validation.get(kind))
        yield table_of(columns, scores)
        if (worlds := len(scores.worlds)) > MOST_ROWS:
            yield line(
                f"quantiles of {worlds:,} worlds, by mean return and by solved rate; --json and "
                "the record that is kept have every world"
            )
        yield from (line(text) for entry in columns if (text := _explained(entry, plan)))
    if found.adaptation is not None:
        yield line("")
        yield from _adaptation(found.adaptation)
    yield line(f"{found.steps:,} environment steps")


def _explained(entry: Entry, plan: Plan) -> str:
    """What a column of several agents is; empty if it needs no explanation."""
    if entry.name == ORACLE:
        return "oracle: the best agent of each world in these very episodes, an upper bound"
    if entry.name == CHOSEN and plan.validation is not None:
        agent, name = _short(entry.agents[0]), plan.validation.name
        return f"chosen: {agent}, the agent with the best mean return on {name}"
    return ""


def _rule(found: Evaluation) -> str:
    """The suite's rule; the episodes of an adaptation are judged by their returns alone."""
    suite = found.plan.suite
    alone = suite.solved_by == "return" or found.adaptation is not None
    also = "" if alone else " and success"
    return f"return >= {suite.solved_score:g}{also}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + "s" * (count != 1)


def table_of(columns: Sequence[Entry], scores: Scores) -> Table:
    """Rows of worlds, or quantiles over many; return and solved rate of each entry."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    longest = max(len(word) for name in scores.worlds for word in (*name.split(), ""))
    table.add_column("world", overflow="fold", min_width=min(longest, 20))
    for entry in columns:
        table.add_column(line(entry.name.split()[0]), justify="right", overflow="fold")
        table.add_column("solved", overflow="fold")
        if _several(entry):
            table.add_column("agent", overflow="fold")
    if len(scores.worlds) <= MOST_ROWS:
        for world, name in enumerate(scores.worlds):
            cells = [line(name)]
            for entry in columns:
                cells.append(line(_value(of_mean(entry.returns[world]))))
                cells.append(line(_share(_rate(entry, entry.solved[world]))))
                if _several(entry):
                    cells.append(line(_short(entry.agents[world])))
            table.add_row(*cells)
    else:
        add_quantiles(table, columns)
    if len(scores.worlds) > 1:
        cells = [line("all")]
        for entry in columns:
            cells.append(line(_value(of_mean(entry.returns.mean(0)))))
            cells.append(line(_share(of_mean(entry.solved.mean(0)))))
            if _several(entry):
                cells.append(line(""))
        table.add_row(*cells)
    return table


def add_quantiles(table: Table, columns: Sequence[Entry]) -> None:
    """Rows of quantiles over worlds, in place of a row a world."""
    for share, name in QUANTILES.items():
        cells = [line(name)]
        for entry in columns:
            cells.append(line(number(float(np.quantile(entry.returns.mean(1), share)))))
            cells.append(line(f"{100 * np.quantile(entry.solved.mean(1), share):.0f} %"))
            if _several(entry):
                cells.append(line(""))
        table.add_row(*cells)


def _several(entry: Entry) -> bool:
    """Whether different agents act in different worlds."""
    return len(set(entry.agents)) > 1


def _short(agent: str) -> str:
    """The number of a niche, #12, without the name of its run."""
    run, mark, niche = agent.rpartition("#")
    return f"{mark}{niche}" if run else agent


def _rate(entry: Entry, solved: np.ndarray) -> Interval:
    """Of one agent a rate of 0 or 1; of the mean of several a mean of shares."""
    return of_rate(solved) if entry.agents else of_mean(solved)


def _value(found: Interval) -> str:
    """A mean and the reach of its interval, which is symmetric."""
    if found.low == found.high:
        return number(found.value)
    return f"{number(found.value)} ±{number(found.high - found.value)}"


def _share(found: Interval) -> str:
    low, high = (min(max(end, 0.0), 1.0) for end in (found.low, found.high))
    ends = "" if low == high else f" ({100 * low:.0f}-{100 * high:.0f})"
    return f"{100 * found.value:.0f} %{ends}"


def _adaptation(found: Adaptation) -> Iterator[RenderableType]:
    """Mean returns over trials by episode, and of the last episode under the controls; of several
    agents the means over all worlds.
    """
    agents, worlds = found.scores.agents, found.scores.worlds
    yield line(
        "mean return by episode of a trial, or by update; then the last one without memory of "
        "earlier episodes, and with the history of another trial"
    )
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("world" if len(agents) == 1 else "agent", overflow="fold")
    for k in range(found.returns["none"].shape[-1]):
        table.add_column(f"{k + 1}", justify="right", overflow="fold")
    for control in ("memory off", "other history"):
        table.add_column(control, justify="right", overflow="fold")
    returns = [found.returns[control] for control in CONTROLS]
    if len(agents) == 1 and len(worlds) <= MOST_ROWS:
        for world, name in enumerate(worlds):
            table.add_row(line(name), *_curve([each[0, world] for each in returns]))
    for agent, name in enumerate(agents):
        title = "all" if len(agents) == 1 else _short(name)
        table.add_row(line(title), *_curve([each[agent].mean(0) for each in returns]))
    yield table


def _curve(returns: Sequence[np.ndarray]) -> Iterator[Text]:
    """Cells of a row. returns: by control, [trials, k]."""
    own, off, shuffled = returns
    for column in (*own.T, off[:, -1], shuffled[:, -1]):
        yield line(_value(of_mean(column)))
