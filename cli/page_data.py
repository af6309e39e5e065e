"""An archive opened for the page: what its settings say, and its family's words for tasks.

The one place where `watch` and `report` open what they show.
"""

from __future__ import annotations

import json
import shlex
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .page_replays import Replays
from .parts import Tables, executable
from .plugins import section
from .run_settings import settings_of
from .wiring import make_family, title_of

if TYPE_CHECKING:
    from openpoet.archive.page.opened import OpenRun
    from openpoet.archive.page.view import About
    from openpoet.archive.page.words import TaskWords


def open_page(path: Path) -> tuple[OpenRun, About, Replays]:
    """The run in that folder, for the page. ValueError or OSError, one line, if it is damaged."""
    from openpoet.archive.page.clips import clips_of
    from openpoet.archive.page.opened import OpenRun
    from openpoet.archive.page.view import About

    run = OpenRun(path)
    try:
        with run.snapshot():
            tables = settings_of(run)
            command = next(run.each_row("SELECT command FROM sessions ORDER BY id LIMIT 1"), None)
        family = LazyFamily(tables)
        engine = tables["poet"]
        about = About(
            family=tables["run"]["family"],
            learner=tables["run"]["learner"],
            seed=engine.get("seed"),
            iterations=tables["run"]["iterations"],
            solved_score=family.solved_score,
            criterion=(engine.get("mc_low"), engine.get("mc_high")),
            command=_command(command),
            words=family.words(),
        )
    except BaseException:
        run.close()
        raise
    return run, about, Replays(run, tables, clips_of(path))


def _command(row: Any) -> str:
    words = None if row is None else row["command"]
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return ""
    return shlex.join([Path(words[0]).name, *words[1:]]) if words else ""


class LazyFamily:
    """The run's family, made at its first use; none if it is a file that may not be executed."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._lock = threading.Lock()
        self._decoded: tuple[Any, Any] = None, None  # the last task: its JSON, and the task

    @cached_property
    def known(self) -> Any:
        return make_family(self.tables, 1)

    @property
    def family(self) -> Any:
        with self._lock:
            return self.known

    @property
    def solved_score(self) -> float | None:
        score = self.tables[section(self.tables["run"]["family"])].get("solved_score")
        return float(score) if isinstance(score, int | float) else None

    def words(self) -> TaskWords:
        from openpoet.archive.page.words import TaskWords

        if not executable(self.tables, "family"):
            return TaskWords(lambda task: json.dumps(task)[:100])
        return TaskWords(
            lambda task: title_of(self.family, self._task(task)),
            lambda task: self.family.outline(self._task(task), None),
            self._difficulty,
        )

    def _task(self, task: Any) -> Any:
        """The task of a JSON. The page asks for several words of one task in turn."""
        before, decoded = self._decoded
        if before is None or before is not task:
            decoded = self.family.decode(task)
            self._decoded = task, decoded
        return decoded

    def _difficulty(self, task: Any) -> int | None:
        method: Callable[[Any], int | None] | None = getattr(self.family, "difficulty", None)
        return None if method is None else method(self._task(task))
