"""What `launch --from` takes: tasks and agents of the niches of a run, or of the original POET's files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .poet_files import holds_poet_files, read_poet_files
from .run_folder import Run, find_run
from .select import select

if TYPE_CHECKING:
    from poet.interfaces import Agent, Task

FIELDS = ("id", "parent", "born", "died", "score", "best", "solved", "novelty")  # of a niche, for --select
DEFAULT = "alive"


@dataclass(frozen=True)
class Found:
    """A niche that can seed another run. Its task and agent are read, and checked, only if they are wanted."""

    fields: dict[str, Any]  # what --select may ask for
    task: Callable[[], Task | None]
    agent: Callable[[], Agent | None]
    source: str


def find_seeds(source: str, expression: str | None, family: Any, learner: Any) -> list[Found]:
    """The niches of `source`, a run or a folder of POET files, for which the expression holds."""
    folder = Path(source)
    found = _poet_files(folder, family, learner) if holds_poet_files(folder) else _run(source, family, learner)
    kept = {row["id"] for row in select(expression or DEFAULT, [niche.fields for niche in found])}
    if not kept:
        raise ValueError(f'--select "{expression or DEFAULT}" keeps none of the {len(found)} niches of {source}')
    return [niche for niche in found if niche.fields["id"] in kept]


def _run(source: str, family: Any, learner: Any) -> list[Found]:
    path = find_run(source)
    inherit = getattr(learner, "inherit", learner.adopt)  # `inherit` knows agents of other settings than its own

    def found(row: dict[str, Any], run: Run) -> Found:
        agent = run.agent(row["agent"])
        fields = {name: row[name] for name in FIELDS} | {"alive": row["died"] is None}
        return Found(fields, lambda: family.decode(row["task"]), lambda: inherit(agent), f"{path.name}#{row['id']}")

    with Run.open(path, write=False) as run:
        return [found(row, run) for row in run.niche_rows()]


def _poet_files(folder: Path, family: Any, learner: Any) -> list[Found]:
    if not (hasattr(family, "task_from_poet_file") and hasattr(learner, "foreign")):
        raise ValueError("the original POET's files hold walker terrains and flat policies: use --family walker")

    def found(id: int, niche: Any) -> Found:
        task = (lambda: None) if niche.config is None else lambda: family.task_from_poet_file(niche.config, niche.seed)
        agent = (lambda: None) if niche.theta is None else lambda: learner.foreign(niche.theta)
        fields = {"id": id, "name": niche.name, "score": niche.score, "best": niche.score, "alive": True}
        return Found(fields, task, agent, f"{folder.name}/{niche.name}")

    return [found(id, niche) for id, niche in enumerate(read_poet_files(folder))]
