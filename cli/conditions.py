"""What a run's result depends on: the settings of its launch, what was changed in later iterations,
and the niches that it began with.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run


def launched(run: Run) -> dict[str, Any]:
    """The settings of the launch that can change a result, by "section.key"."""
    return {name: value for name, at, value in _settings(run) if at == 0}


def changes(run: Run) -> dict[str, Any]:
    """What was changed after the launch, by a resume, a fork or an injection, and can change a
    result: by "section.key@iteration", the first iteration with it.

    Of injected tasks hashes, since their names depend on where they came from.
    """
    injected = defaultdict[str, list[str]](list)
    for row in run.injected().values():
        task = json.dumps(row.get("task"), sort_keys=True)
        digest = hashlib.sha256(task.encode()).hexdigest()[:12]
        injected[f"run.injected@{row['iteration']}"].append(digest)
    return {f"{name}@{at}": value for name, at, value in _settings(run) if at > 0} | {
        name: "+".join(sorted(digests)) for name, digests in injected.items()
    }


def check_unchanged(run: Run, advice: str, but: str | None = None) -> None:
    """ValueError, one line, if the run was changed after its launch.

    advice: what to do then, for the message. but: name of a setting that may have been changed.
    """
    if found := sorted(name for name in changes(run) if name.partition("@")[0] != but):
        raise ValueError(
            f"{run.path} was changed after its launch ({', '.join(found):.80}): {advice}"
        )


def seeded(run: Run) -> bool:
    """Whether the run began with niches of another run, or of the original POET's files."""
    from openpoet.archive.store.measures import each

    query = "SELECT id FROM niches WHERE born = 0 AND source IS NOT NULL LIMIT 1"
    return bool([*each(run, query)])


def first_niches(run: Run) -> list[dict[str, Any]]:
    """Task, agent at birth and source of each niche that the run began with, oldest first."""
    from openpoet.archive.store.measures import each

    from .wiring import whole_task

    query = "SELECT task, birth_agent, source FROM niches WHERE born = 0 ORDER BY id"
    tables = run.settings()
    return [row | {"task": whole_task(tables, row["task"])} for row in each(run, query)]


def _settings(run: Run) -> list[tuple[str, int, Any]]:
    """Name, iteration and value of every row of the settings that can change a result."""
    from openpoet.archive.store.contents import INJECTED
    from openpoet.archive.store.digest import counts

    return [
        (f"{row['section']}.{row['key']}", row["iteration"], row["value"])
        for row in run.each("settings")
        if row["section"] != INJECTED and counts(row)
    ]
