"""What `launch --from` takes: tasks and agents of the niches of a run, or of the original POET's files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .measures import FIELDS, each, fields
from .output import printable
from .poet_files import PoetNiche, holds_poet_files, read_poet_files
from .run_folder import Run, find_run
from .select import chooser, held

if TYPE_CHECKING:
    from poet.interfaces import Agent, Task

DEFAULT = "alive"


@dataclass(frozen=True)
class Found:
    """A niche that can seed another run. What its task and agent mean here is asked only if they are wanted."""

    task: Callable[[], Task | None]
    agent: Callable[[], Agent | None]
    source: str


def find_seeds(
    source: str, expression: str | None, family: Any, learner: Any, check_number: Callable[[int], None] = lambda n: None
) -> list[Found]:
    """The niches of `source`, a run or a folder of POET files, for which the expression holds.

    check_number: raises ValueError if they are too many; called before the agents of a run are read.
    """
    if holds_poet_files(folder := Path(source)):
        return _poet_files(folder, expression or DEFAULT, family, learner)
    return _run(find_run(source), expression or DEFAULT, family, learner, check_number)


def _kept(
    source: Path, expression: str, names: Iterable[str], niches: Callable[[], Iterable[Mapping[str, Any]]]
) -> list[int]:
    """The ids of the niches for which the expression holds, at least one; niches: gives their fields, anew."""
    keep = chooser(expression, names)
    kept, others = [], 0
    for niche in niches():
        if keep(niche):
            kept.append(niche["id"])
        else:
            others += 1
    if not kept and not others:
        raise ValueError(f"{source} has no niche to start from: it was stopped before its first iteration")
    if not kept:
        there = f": {what}" if (what := held(expression, niches())) else ""
        raise ValueError(f'--select "{expression}" keeps none of the {others} niches of {source}{there}')
    return kept


def _run(path: Path, expression: str, family: Any, learner: Any, check_number: Callable[[int], None]) -> list[Found]:
    inherit = getattr(learner, "inherit", learner.adopt)  # `inherit` knows agents of other settings than its own

    def found(row: dict[str, Any]) -> Found:
        agent = agents[row["agent"]]
        return Found(lambda: family.decode(row["task"]), lambda: inherit(agent), printable(f"{path.name}#{row['id']}"))

    with Run.open(path, write=False) as run:
        kept = _kept(path, expression, (*FIELDS, "alive"), lambda: fields(run))
        check_number(len(kept))
        chosen = [row for id in kept for row in each(run, "SELECT id, task, agent FROM niches WHERE id = ?", id)]
        agents = run.agents_named(row["agent"] for row in chosen)
    return [found(row) for row in chosen]


def _poet_files(folder: Path, expression: str, family: Any, learner: Any) -> list[Found]:
    if not (hasattr(family, "task_from_poet_file") and hasattr(learner, "foreign")):
        raise ValueError("the original POET's files hold walker terrains and flat policies: use --family walker")

    def task(niche: PoetNiche) -> Task | None:
        with _named(folder / f"{niche.name}.env.json"):
            return None if niche.config is None else family.task_from_poet_file(niche.config, niche.seed)

    def agent(niche: PoetNiche) -> Agent | None:
        with _named(folder / f"{niche.name}.best.json"):
            return None if niche.theta is None else learner.foreign(niche.theta)

    niches = read_poet_files(folder)
    rows = [
        {"id": id, "name": niche.name, "score": niche.score, "best": niche.score, "alive": True}
        for id, niche in enumerate(niches)
    ]
    kept = set(_kept(folder, expression, rows[0], lambda: rows))
    return [
        Found(partial(task, niche), partial(agent, niche), printable(f"{folder.name}/{niche.name}"))
        for id, niche in enumerate(niches)
        if id in kept
    ]


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Says of which file an error is."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
