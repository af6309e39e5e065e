"""What `launch --from` takes: tasks and agents of the niches of a run, or of the original POET's files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .output import printable
from .poet_files import PoetNiche, holds_poet_files, read_poet_files
from .run_folder import Run, find_run
from .select import held, select

if TYPE_CHECKING:
    from poet.interfaces import Agent, Task

FIELDS = ("id", "parent", "born", "died", "score", "best", "solved", "novelty")  # of a niche, for --select
DEFAULT = "alive"


@dataclass(frozen=True)
class Found:
    """A niche that can seed another run. What its task and agent mean here is asked only if they are wanted."""

    task: Callable[[], Task | None]
    agent: Callable[[], Agent | None]
    source: str


def find_seeds(source: str, expression: str | None, family: Any, learner: Any) -> list[Found]:
    """The niches of `source`, a run or a folder of POET files, for which the expression holds."""
    if holds_poet_files(folder := Path(source)):
        return _poet_files(folder, expression or DEFAULT, family, learner)
    return _run(find_run(source), expression or DEFAULT, family, learner)


def _kept(source: Path, expression: str, niches: Sequence[Mapping[str, Any]]) -> set[int]:
    """The ids of the niches for which the expression holds, at least one."""
    if not niches:
        raise ValueError(f"{source} has no niche to start from: it was stopped before its first iteration")
    kept = {row["id"] for row in select(expression, [dict(row) for row in niches])}
    if not kept:
        there = f": {what}" if (what := held(expression, niches)) else ""
        raise ValueError(f'--select "{expression}" keeps none of the {len(niches)} niches of {source}{there}')
    return kept


def _run(path: Path, expression: str, family: Any, learner: Any) -> list[Found]:
    inherit = getattr(learner, "inherit", learner.adopt)  # `inherit` knows agents of other settings than its own

    def found(row: dict[str, Any]) -> Found:
        agent = agents[row["agent"]]
        return Found(lambda: family.decode(row["task"]), lambda: inherit(agent), printable(f"{path.name}#{row['id']}"))

    with Run.open(path, write=False) as run:
        niches = run.niche_rows()
        fields = [{name: row[name] for name in FIELDS} | {"alive": row["died"] is None} for row in niches]
        kept = _kept(path, expression, fields)
        chosen = [row for row in niches if row["id"] in kept]
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
    fields = [
        {"id": id, "name": niche.name, "score": niche.score, "best": niche.score, "alive": True}
        for id, niche in enumerate(niches)
    ]
    kept = _kept(folder, expression, fields)
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
