"""Tasks that people put into a run: they wait in its folder `inject/`, are candidates of the next
reproduction, and are recorded in the archive with its iteration.

A task's file is removed after the iteration that used it is committed. A run that is killed before
finds the file again and repeats the iteration, so that a resumed run equals an uninterrupted one
with the same tasks before the same iterations.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openpoet.archive.store.files import make_folder, open_own
from openpoet.foreign_json import loads
from openpoet.whole_files import write_whole

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run
    from openpoet.poet.config import Injected
    from openpoet.poet.interfaces import Task, TaskFamily

FOLDER = "inject"
NAME = re.compile(r"[0-9a-f]{16}\.json")
LARGEST, MOST = 1 << 20, 100  # bytes of a file, files
LONGEST = 200  # characters of a source


class Injections:
    """Setup.injected of a run: the tasks that wait when a reproduction begins."""

    def __init__(self, run: Run, family: TaskFamily) -> None:
        self.folder, self.family = run.path / FOLDER, family
        self.iteration: int | None = None  # of the last reproduction
        self.found: dict[str, Injected] = {}  # by name, those that it uses
        for name in run.injected().keys() & {path.stem for path in self._waiting()}:
            self._path(name).unlink()  # a kill came after the commit

    def __call__(self, iteration: int) -> Sequence[Injected]:
        if iteration != self.iteration:
            self.iteration = iteration
            self.found = {path.stem: self._read(path) for path in self._waiting()}
        return tuple(self.found.values())

    def taken(self) -> dict[str, dict[str, Any]]:
        """The tasks that the current iteration used, for its commit."""
        return {
            name: {"task": self.family.encode(one.task), "source": one.source}
            for name, one in self.found.items()
        }

    def remove(self) -> None:
        """Remove the files of a committed iteration."""
        for name in self.found:
            self._path(name).unlink(missing_ok=True)
        self.found = {}

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _waiting(self) -> list[Path]:
        """The files in a fixed order. ValueError if the folder is a link or holds too many."""
        if not os.path.lexists(self.folder):
            return []
        make_folder(self.folder)
        found = sorted(path for path in self.folder.iterdir() if NAME.fullmatch(path.name))
        if len(found) > MOST:
            raise ValueError(f"{self.folder} has {len(found)} tasks, at most {MOST} can wait")
        return found

    def _read(self, path: Path) -> Injected:
        from openpoet.poet.config import Injected

        with os.fdopen(open_own(path, os.O_RDONLY), "rb") as file:
            text = file.read(LARGEST)
        try:
            data = loads(text)
            return Injected(self.family.decode(data["task"]), str(data["source"])[:LONGEST])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ValueError(f"{path} is no task of this run: delete it ({error})") from error


def check_accepts(run: Run) -> None:
    """ValueError, one line, if no task can be put into the run: a pack, or without reproduction."""
    from .plugin_files import trusted
    from .run_settings import settings_of

    if not run.path.is_dir():
        raise ValueError(f"{run.path} is a pack, which does not go on: `import` it first")
    if not trusted(settings_of(run))["poet"]["mutate_every"]:
        raise ValueError(f"{run.path} never reproduces: its poet.mutate_every is 0")


def put(run: Run, task: Task, source: str, family: TaskFamily) -> None:
    """Let a task wait in the run's folder; twice the same one waits once.

    A task that was injected before gets another name than then. ValueError if too many wait.
    """
    entry = {"task": family.encode(task), "source": source[:LONGEST]}
    earlier = [{"task": row["task"], "source": row["source"]} for row in run.injected().values()]
    text = json.dumps(entry, sort_keys=True)
    name = sha256(f"{earlier.count(entry)} {text}".encode()).hexdigest()[:16]
    place = run.path / FOLDER
    try:
        make_folder(place)
    except OSError as error:
        raise OSError(f"cannot write to {run.path}: {error.strerror}") from error
    waiting = {path.stem for path in place.iterdir() if NAME.fullmatch(path.name)}
    if len(waiting - {name}) >= MOST:
        raise ValueError(f"{MOST} tasks wait in {place}: `resume` the run before you add another")
    write_whole(place / f"{name}.json", text)
