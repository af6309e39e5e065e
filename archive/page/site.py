"""The runs that a server shows, by the names it gives them. An address holds such a name, never a
path.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from .curves import brief
from .details import UnknownError
from .opened import OpenRun, VanishedError
from .view import About, RunView
from .words import shown

MOST_RUNS = 200  # in the list: the newest; each has three open files
LONGEST_ID = 80
MOST_POINTS = 120  # of a run's curve in the list


class Replayer(Protocol):
    """Evaluates stored agents again (cli.page_data)."""

    def warm(self) -> None:
        """Prepare the first replay in the background; may be called often."""
        ...

    def replay(self, view: RunView, niche: int, agent: int, at: str) -> dict[str, Any]: ...


# opens an archive: the run, what its settings say, and its replays
Open = Callable[[Path], tuple[OpenRun, About, Replayer]]


class Site:
    """Runs of the folders that `folders` finds, each opened at its first use and kept open."""

    def __init__(self, folders: Callable[[], Sequence[Path]], open_run: Open) -> None:
        self.folders, self.open_run = folders, open_run
        self._lock = threading.RLock()
        self._paths: dict[str, Path] = {}
        self._open: dict[str, tuple[RunView, Replayer]] = {}
        self._summaries: dict[str, tuple[int, dict[str, Any]]] = {}

    def ids(self) -> list[str]:
        """The names of all runs, the newest first. A folder keeps its name."""
        with self._lock:
            there = [path for path in self.folders() if is_there(path)]
            found = sorted(there, key=_written, reverse=True)[:MOST_RUNS]
            names = {path: id for id, path in self._paths.items()}
            for path in found:
                if path not in names:
                    names[path] = self._name(path)
                    self._paths[names[path]] = path
            return [names[path] for path in found]

    def _name(self, path: Path) -> str:
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.resolve().name)[:LONGEST_ID].strip(".-")
        taken, number = plain or "run", 2
        while taken in self._paths:
            taken, number = f"{plain or 'run'}-{number}", number + 1
        return taken

    def view(self, id: str) -> RunView:
        """UnknownError if there is no such run; VanishedError if it has been removed."""
        return self._opened(id)[0]

    def replayer(self, id: str) -> Replayer:
        return self._opened(id)[1]

    def _opened(self, id: str) -> tuple[RunView, Replayer]:
        with self._lock:
            if id not in self._paths:
                self.ids()
            if id not in self._paths:
                raise UnknownError("there is no run of this name here")
            if id in self._open:
                try:
                    self._open[id][0].run.check_there()
                    return self._open[id]
                except VanishedError:
                    self._open.pop(id)[0].run.close()
                    self._summaries.pop(id, None)
            path = self._paths[id]
            if not is_there(path):
                raise VanishedError(f"{path} was removed since it was listed")
            run, about, replayer = self.open_run(path)
            self._open[id] = RunView(run, about), replayer
            return self._open[id]

    def runs(self) -> list[dict[str, Any]]:
        """All runs in short, for the list; a damaged one with its error."""
        return [self.summary(id) for id in self.ids()]

    def summary(self, id: str) -> dict[str, Any]:
        try:
            view = self.view(id)
            version = view.run.version()
            known = self._summaries.get(id)
            if known is None or known[0] != version:
                known = version, {"id": id, **summary(view)}
                self._summaries[id] = known
            run, found = view.run, known[1]
            state = run.state(found["iteration"], found["iterations"])
            return found | {"state": state, "updated": _written(run.path)}
        except (ValueError, OSError) as error:
            name = shown(self._paths[id].name)
            return {"id": id, "name": name, "state": "damaged", "error": shown(str(error))}

    def close(self) -> None:
        with self._lock:
            for view, _ in self._open.values():
                view.run.close()
            self._open.clear()


def summary(view: RunView) -> dict[str, Any]:
    """One run of the list, without reading its whole history."""
    run = view.run
    with run.snapshot():
        last = next(
            run.each_row(
                "SELECT iteration, active, retired, annecs, steps FROM iterations "
                "ORDER BY iteration DESC LIMIT 1"
            ),
            None,
        )
        query = "SELECT count(*) AS solved FROM niches WHERE solved IS NOT NULL"
        (solved,) = run.each_row(query)
        every = 1 + (0 if last is None else last["iteration"] // MOST_POINTS)
        best = [
            brief(row["best"])
            for row in run.each_row(
                "SELECT best FROM iterations WHERE iteration % ? = 0 "
                f"ORDER BY iteration LIMIT {2 * MOST_POINTS}",
                every,
            )
        ]
    last = last or dict.fromkeys(("active", "retired", "annecs", "steps"), 0) | {"iteration": -1}
    return {
        "name": shown(run.path.resolve().name),
        "iteration": last["iteration"],
        "iterations": view.about.iterations,
        "niches": last["active"] + last["retired"],
        "active": last["active"],
        "solved": solved["solved"],
        "annecs": last["annecs"],
        "steps": last["steps"],
        "family": shown(view.about.family),
        "learner": shown(view.about.learner),
        "best": best,
        "every": every,
    }


def is_there(path: Path) -> bool:
    """Whether the path is a file, which may be a pack, or a folder with a run's database."""
    return path.is_file() or (path / "archive.db").is_file()


def _written(path: Path) -> float:
    """When the run or pack was last written [s since 1970]; 0 if it is gone."""
    times = [0.0]
    for part in (path / "archive.db", path / "archive.db-wal") if path.is_dir() else (path,):
        try:
            times.append(part.stat().st_mtime)
        except OSError:
            continue
    return max(times)
