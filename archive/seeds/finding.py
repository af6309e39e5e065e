"""Seeds for a new run: tasks and agents of the niches of an earlier run, or of the original POET's
files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..store.measures import FIELDS, each, with_agents
from ..store.printable import printable
from ..store.run_folder import Run, find_run
from .poet_files import PoetNiche, holds_poet_files, read_poet_files
from .select import chooser, held

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task

DEFAULT = "alive"
ALL = "true"  # the default for niches that were selected before


@dataclass(frozen=True)
class Receiver:
    """The family and learner of the new run, which take over tasks and agents.

    whole: function of the source run's settings and the JSON of one of its tasks; returns that
    JSON completed with every setting that the task needs. check_number: raises ValueError if that
    many niches do not fit; called before agents are read. most: niches of a pack that are taken by
    default, the youngest; None: all.
    """

    family: Any
    learner: Any
    whole: Callable[[dict[str, dict[str, Any]], Any], Any] = lambda _, task: task
    check_number: Callable[[int], None] = lambda number: None
    most: int | None = None


@dataclass(frozen=True)
class Found:
    """A niche that can seed another run. Its task and agent are decoded only when called for."""

    task: Callable[[], Task | None]
    agent: Callable[[], Agent | None]
    source: str


def find_seeds(source: str, expression: str | None, receiver: Receiver) -> list[Found]:
    """The niches of `source`, a run, a pack or a folder of POET files, for which the expression
    holds. None: those alive, or those that were selected for a pack; of more than fit the youngest,
    as POET retires the oldest.
    """
    if holds_poet_files(folder := Path(source)):
        return _poet_files(folder, expression or DEFAULT, receiver.family, receiver.learner)
    return _run(find_run(source), expression, receiver)


def choose(
    source: Path,
    expression: str,
    names: Iterable[str],
    niches: Callable[[], Iterable[Mapping[str, Any]]],
) -> list[int]:
    """The ids of the niches for which the expression holds. ValueError if there are none.

    niches: returns an iterator over the fields of each niche; called up to twice.
    """
    keep = chooser(expression, names)
    chosen, others = [], 0
    for niche in niches():
        if keep(niche):
            chosen.append(niche["id"])
        else:
            others += 1
    if not chosen and not others:
        raise ValueError(
            f"{source} has no niche to start from: it was stopped before its first iteration"
        )
    if not chosen:
        there = f": {what}" if (what := held(expression, niches())) else ""
        raise ValueError(
            f'the expression "{expression}" keeps none of the {others} niches of {source}{there}'
        )
    return chosen


def _run(path: Path, expression: str | None, receiver: Receiver) -> list[Found]:
    def found(row: dict[str, Any]) -> Found:
        agent, name = agents[row["agent"]], printable(f"{path.name}#{row['id']}")

        def task() -> Task:
            with _named(name, "; with take=agents its agent alone is copied, on the first task"):
                return receiver.family.decode(receiver.whole(settings, row["task"]))

        def adopted() -> Agent | None:
            with _named(name, "; with take=tasks its task alone is copied"):
                # A level of a curriculum has no agent.
                return inherited(receiver.learner, agent) if agent else None

        return Found(task, adopted, name)

    with Run.open(path, write=False) as run:
        settings = run.settings()
        kept = choose(
            path,
            expression or (DEFAULT if run.complete else ALL),
            (*FIELDS, "alive"),
            lambda: with_agents(run),
        )
        if expression is None and not run.complete and receiver.most is not None:
            kept = sorted(kept)[-receiver.most :]
        receiver.check_number(len(kept))
        chosen = [
            row
            for id in kept
            for row in each(run, "SELECT id, task, agent FROM niches WHERE id = ?", id)
        ]
        agents = run.agents_named(row["agent"] for row in chosen)
    return [found(row) for row in chosen]


def inherited(learner: Any, agent: Agent) -> Agent:
    """The agent of another run, converted if the learner can `inherit` those of other settings."""
    inherit = getattr(learner, "inherit", None)
    return agent if inherit is None else inherit(agent)


def _poet_files(folder: Path, expression: str, family: Any, learner: Any) -> list[Found]:
    if not (hasattr(family, "task_from_poet_file") and hasattr(learner, "foreign")):
        raise ValueError(
            "the original POET's files hold walker terrains and flat policies: they need the "
            "family walker and a learner that reads such policies"
        )

    def task(niche: PoetNiche) -> Task | None:
        with _named(folder / f"{niche.name}.env.json"):
            return (
                None
                if niche.config is None
                else family.task_from_poet_file(niche.config, niche.seed)
            )

    def agent(niche: PoetNiche) -> Agent | None:
        with _named(folder / f"{niche.name}.best.json"):
            return None if niche.theta is None else learner.foreign(niche.theta)

    niches = read_poet_files(folder)
    rows = [
        {"id": id, "name": niche.name, "score": niche.score, "best": niche.score, "alive": True}
        for id, niche in enumerate(niches)
    ]
    kept = set(choose(folder, expression, rows[0], lambda: rows))
    return [
        Found(partial(task, niche), partial(agent, niche), printable(f"{folder.name}/{niche.name}"))
        for id, niche in enumerate(niches)
        if id in kept
    ]


@contextmanager
def _named(path: Path | str, advice: str = "") -> Iterator[None]:
    """Prefix a ValueError with the file or niche that caused it, and add what to do."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}{advice}") from error
